"""The command line."""

import sys
from pathlib import Path
from typing import Final

__all__ = ["HELP_FILE", "main"]

HELP_FILE: Final = Path(__file__).with_name("help.txt")
"""What `renown --help` prints; made by `python -m renown.cli.overview`."""


def main() -> None:
    """Run the command that the process was called with, and exit with its code."""
    if sys.argv[1:] in ([], ["-h"], ["--help"]) and HELP_FILE.is_file():
        # Importing the command line's parts takes ten times as long as Python's start.
        sys.stdout.write(HELP_FILE.read_text(encoding="utf-8"))
        raise SystemExit(0 if sys.argv[1:] else 2)
    from renown.cli.app import app

    app(prog_name="renown")
