"""Measurements of Renown beside references measured in the same run: `python -m bench`."""
