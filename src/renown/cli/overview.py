"""Renders the overview of all commands, which `renown --help` prints from a file to be quick."""

from contextlib import redirect_stdout, suppress
from io import StringIO

from renown.cli import HELP_FILE

__all__ = ["render"]


def render() -> str:
    """Return the help text of the whole command line."""
    from renown.cli.app import app

    text = StringIO()
    with redirect_stdout(text), suppress(SystemExit):
        app(["--help"], prog_name="renown")
    return text.getvalue()


if __name__ == "__main__":
    HELP_FILE.write_text(render(), encoding="utf-8")
