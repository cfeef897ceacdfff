"""The command line."""

__all__ = ["main"]


def main() -> None:
    """Run the command that the process was called with, and exit with its code."""
    from renown.cli.app import app

    app(prog_name="renown")
