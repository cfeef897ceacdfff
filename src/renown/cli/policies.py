"""`renown policy`."""

from pathlib import Path
from typing import Annotated

import typer

from renown.cli.options import Json
from renown.cli.output import USAGE, command, note, print_json

__all__ = ["app"]

app = typer.Typer(help="Policies: the rules by which events become standings.", no_args_is_help=True)


@app.command("list")
@command
def list_policies(*, as_json: Json = False) -> None:
    """List the packaged presets."""
    from renown.policy import preset, preset_names

    found = [preset(name) for name in preset_names()]
    if as_json:
        print_json([{"name": p.name, "kind": p.kind, "version": p.version, "title": p.title} for p in found])
        return
    for policy in found:
        print(f"{policy.name:<12} {policy.description or policy.title}")


@app.command("show")
@command
def show(
    name: Annotated[str, typer.Argument(help="A preset's name.")],
    *,
    as_json: Json = False,
) -> None:
    """Print a preset's file: a starting point for your own."""
    from renown.policy import preset, preset_text

    if as_json:
        print_json(preset(name))
    else:
        print(preset_text(name), end="")


@app.command("check")
@command
def check(
    files: Annotated[list[Path], typer.Argument(help="Policy files.", metavar="FILE...")],
    *,
    as_json: Json = False,
) -> None:
    """Check policy files; say which key is wrong and what was expected."""
    from renown.errors import PolicyError
    from renown.policy import load_file

    results: list[dict[str, object]] = []
    for file in files:
        try:
            policy = load_file(file)
        except PolicyError as error:
            problem = error.problem
            results.append({"file": str(file), "ok": False, "problem": problem})
            if not as_json:
                expected = f" (expected: {problem.expected})" if problem.expected else ""
                note(f"{file}: {problem.detail}{expected}")
        else:
            results.append({"file": str(file), "ok": True, "name": policy.name, "kind": policy.kind})
            if not as_json:
                print(f"{file}: ok: {policy.name}, for {policy.kind}, {len(policy.rules)} event types")
    if as_json:
        print_json(results)
    if not all(result["ok"] for result in results):
        raise typer.Exit(USAGE)
