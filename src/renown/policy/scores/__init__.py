"""How values become scores: methods, windows, compositions, shapes."""
