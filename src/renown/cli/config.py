"""`renown config`."""

from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from renown.cli.options import Config, Data, Dev, Json
from renown.cli.output import command, print_json

if TYPE_CHECKING:
    from renown.server.schema import Leaf

__all__ = ["app"]

app = typer.Typer(help="Settings: what they are and where each value comes from.", no_args_is_help=True)
_SECRET = ("secret", "previous_secret")


@app.command("show")
@command
def show(*, config: Config = None, data: Data = None, dev: Dev = False, as_json: Json = False) -> None:
    """Show every setting, its value, and where the value comes from. Secrets stay hidden."""
    import os

    from renown.server.loading import load
    from renown.server.schema import value_at

    loaded = load(config, os.environ, {"data": data, "dev": dev or None})
    shown = {
        path: {"value": _hidden(path, value_at(loaded.settings, path)), "from": origin}
        for path, origin in loaded.origins.items()
    }
    if as_json:
        print_json(shown)
        return
    width = max(map(len, shown))
    for path, entry in shown.items():
        print(f"{path:<{width}}  {_written(entry['value']):<28}  {entry['from']}")


@app.command("docs")
@command
def docs(
    name: Annotated[str, typer.Argument(help="Only settings whose name begins so.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Explain every setting."""
    from renown.server.schema import leaves
    from renown.server.settings import NOTES, Settings

    found = [leaf for path, leaf in leaves(Settings).items() if _begins(path, name)]
    if as_json:
        print_json([_described(leaf) for leaf in found])
        return
    for leaf in found:
        print(
            f"{_named(leaf.path)}  ({leaf.shape}; default {_written(leaf.default)}; {_named(leaf.variable)})"
        )
        for line in (leaf.doc or NOTES.get(leaf.path, "")).splitlines():
            print(f"    {line}")
        print()


def _described(leaf: "Leaf") -> dict[str, object]:
    from renown.server.settings import NOTES

    return {
        "name": _named(leaf.path),
        "type": leaf.shape,
        "default": leaf.default,
        "about": leaf.doc or NOTES.get(leaf.path, ""),
        "variable": _named(leaf.variable),
    }


def _begins(path: str, wanted: str) -> bool:
    """Tell whether the setting's name begins so, where a table has whatever name the user gave it."""
    *whole, last = wanted.split(".")
    parts = path.split(".")
    if len(parts) <= len(whole):
        return False
    fits = all(known in ("*", given) for known, given in zip(parts, whole, strict=False))
    return fits and (parts[len(whole)] == "*" or parts[len(whole)].startswith(last))


def _named(path: str) -> str:
    return path.replace("*", "<name>")


def _hidden(path: str, value: Any) -> Any:
    return "(hidden)" if value and path.rpartition(".")[2] in _SECRET else value


def _written(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(map(str, cast("tuple[object, ...]", value))) or "none"
    return str(getattr(value, "value", value)) or "empty"
