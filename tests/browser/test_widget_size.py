"""The widget's promise to the pages it stands in: element and client in 4,096 bytes."""

import gzip
from pathlib import Path

import renown

LIMIT = 4096


def test_the_built_widget_is_within_its_limit() -> None:
    built = Path(renown.__file__).parent / "static" / "widget.js"
    assert built.is_file(), "the widget is not built: run `make setup`"
    size = len(gzip.compress(built.read_bytes(), 9, mtime=0))
    assert 1000 < size <= LIMIT, f"widget.js has {size} bytes after gzip -9"
