"""`renown policy`."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renown.cli.options import Config, Data, Json
from renown.cli.output import USAGE, command, note, print_json

if TYPE_CHECKING:
    from renown.policy import Policy

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
                # It names the file, the key, and what may stand there.
                note(problem.detail)
        else:
            results.append({"file": str(file), "ok": True, "name": policy.name, "kind": policy.kind})
            if not as_json:
                print(f"{file}: ok: {policy.name}, for {policy.kind}, {len(policy.rules)} event types")
    if as_json:
        print_json(results)
    if not all(result["ok"] for result in results):
        raise typer.Exit(USAGE)


@app.command("diff")
@command
def diff(
    before: Annotated[str, typer.Argument(help="A policy file, or a preset's name.", metavar="BEFORE")],
    after: Annotated[str, typer.Argument(help="Another one.", metavar="AFTER")],
    *,
    as_json: Json = False,
) -> None:
    """Say in words what differs between two policies."""
    from renown.policy import differences

    found = differences(_named(before), _named(after))
    if as_json:
        print_json([{"path": one.path, "before": one.before, "after": one.after} for one in found])
        return
    for one in found:
        print(one.words)
    if not found:
        note("they say the same")


@app.command("try")
@command
def try_out(
    file: Annotated[str, typer.Argument(help="A policy file, or a preset's name.", metavar="FILE")],
    *,
    kind: Annotated[
        str | None, typer.Option("--kind", help="Try it on subjects of this kind instead of its own.")
    ] = None,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Try a policy on the whole ledger without touching it: what every standing would be."""
    import msgspec

    from renown.cli.local import local_settings, open_ledger
    from renown.cli.trying import told_trial, try_policy

    policy = _named(file)
    if kind is not None:
        policy = msgspec.structs.replace(policy, kind=kind)
    ledger = open_ledger(local_settings(config, data=data))
    trial = asyncio.run(try_policy(ledger, policy, quiet=as_json))
    if as_json:
        print_json(trial)
    else:
        print(told_trial(trial))


@app.command("switch")
@command
def switch(
    file: Annotated[str, typer.Argument(help="A policy file, or a preset's name.", metavar="FILE")],
    *,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Put a policy in force for its kind, live, and bring every subject under it."""
    from renown.cli.local import local_settings, open_ledger
    from renown.cli.trying import switch_policy

    policy = _named(file)
    ledger = open_ledger(local_settings(config, data=data))
    subjects = asyncio.run(switch_policy(ledger, policy, quiet=as_json))
    if as_json:
        told = {"kind": policy.kind, "policy": policy.name, "version": policy.version, "subjects": subjects}
        print_json(told)
    else:
        print(f"{policy.name} {policy.version} is in force: {subjects:,} subjects of the kind {policy.kind}")


def _named(name: str) -> "Policy":
    """Return the policy in a file; a preset's name where there is no such file."""
    from renown.policy import load_file, preset, preset_names

    if name in preset_names() and not Path(name).is_file():
        return preset(name)
    return load_file(Path(name))
