"""What commands print, and how they end."""

import json
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, NoReturn, ParamSpec, TypeVar

import typer

__all__ = [
    "ALLOWED",
    "FAILED",
    "FAULTS",
    "MISSING",
    "UNREACHABLE",
    "USAGE",
    "VERSION_HELP",
    "command",
    "fail",
    "note",
    "print_json",
    "show_version",
    "stamp",
]

FAILED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
MISSING: Final = 4
ALLOWED: Final = 5
FAULTS: Final = 6
VERSION_HELP: Final = "Print the version and exit."

P = ParamSpec("P")
R = TypeVar("R")


def show_version(value: bool) -> None:
    """Print the version and exit when the option was given."""
    if value:
        from renown import __version__

        print(__version__)
        raise typer.Exit


def print_json(value: object) -> None:
    """Print `value` as one line of JSON."""
    import msgspec

    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def note(text: str) -> None:
    """Print something for people that is no result, to standard error."""
    print(text, file=sys.stderr)


def fail(text: str, code: int = FAILED) -> NoReturn:
    """Say what went wrong and exit."""
    note(f"error: {text}")
    raise typer.Exit(code)


def stamp(text: str) -> str:
    """Return an RFC 3339 time as people read it."""
    return text[:19].replace("T", " ")


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Let every error raised on purpose end the command with a message and its documented code."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        from renown.errors import RenownError

        try:
            return function(*args, **kwargs)
        except RenownError as error:
            _report(error, as_json=bool(kwargs.get("as_json")))
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
        except BrokenPipeError:
            sys.stderr.close()
            raise typer.Exit(0) from None

    return run


def _report(error: Any, *, as_json: bool) -> NoReturn:
    if as_json:
        known = {"code": error.problem_code, "detail": error.detail}
        known |= {name: v for name in ("field", "expected") if (v := getattr(error, name)) is not None}
        note(json.dumps(known, ensure_ascii=False))
    else:
        note(f"error: {error.detail}")
        if error.expected is not None and error.expected not in error.detail:
            note(f"       expected: {error.expected}")
    raise typer.Exit(_code(error))


def _code(error: Any) -> int:
    from renown.errors import PolicyError, SettingsError

    if isinstance(error, SettingsError | PolicyError):
        return USAGE
    if error.problem_code == "unreachable":
        return UNREACHABLE
    return {404: MISSING, 401: ALLOWED, 403: ALLOWED}.get(error.status, FAILED)
