"""`renown rebuild`, `renown export`, `renown erase` and `renown doctor`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from renown.cli.options import DEFAULT_URL, Config, Data, Json, Url
from renown.cli.output import FAULTS, USAGE, command, fail, note, print_json

if TYPE_CHECKING:
    from renown.ledger import Erasure, RebuildReport, ReweighReport

__all__ = ["doctor", "erase", "export", "rebuild"]

_SHOWN = 20


@command
def rebuild(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; compare every number to the last digit.")
    ] = False,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes", min=1, max=64, help="How many share the work; as many as there are cores."
        ),
    ] = None,
    reweigh: Annotated[
        bool,
        typer.Option(
            "--reweigh", help="Find out anew what was recorded beside events: weights, means, verdicts."
        ),
    ] = False,
    config: Config = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Fold every standing anew from its events, or check them."""
    import asyncio

    from renown.cli.local import local_settings, open_ledger
    from renown.cli.rebuilding import cores, rebuild_ledger, reweigh_ledger

    if reweigh and processes is not None:
        fail("--reweigh goes by the order of the ledger: one process does it", USAGE)
    ledger = open_ledger(local_settings(config, data=data))
    if reweigh:
        reweighed = asyncio.run(reweigh_ledger(ledger, check=check, quiet=as_json))
        print_json(reweighed) if as_json else _print_reweighed(reweighed)
        return
    work = rebuild_ledger(ledger, check=check, quiet=as_json, processes=processes or cores())
    report = asyncio.run(work)
    if as_json:
        print_json(report)
    else:
        _print_report(report, check=check)
    if check and not report.clean:
        raise typer.Exit(FAULTS)


def _print_report(report: "RebuildReport", *, check: bool) -> None:
    print(f"{report.subjects:,} subjects, {report.events:,} events")
    if report.behind:
        print(f"{report.behind:,} subjects wait for newer rules, and were folded under those they stand on")
    if report.refused:
        print(f"{report.refused:,} events are such as the rules do not take; they count for nothing")
    for one in report.differences[:_SHOWN]:
        place = one.subject if one.version is None else f"{one.subject} version {one.version}"
        note(f"  {place}: {one.what} is {one.found[:80]}, should be {one.expected[:80]}")
    if len(report.differences) > _SHOWN:
        note(f"  and {len(report.differences) - _SHOWN:,} more")
    if report.clean:
        print("every standing is exactly what its events say")
    else:
        print(f"{len(report.differences):,} differences {'found' if check else 'repaired'}")


def _print_reweighed(report: "ReweighReport") -> None:
    print(f"{report.subjects:,} subjects, {report.events:,} events")
    if not report.reweighed:
        print("beside every event is recorded what weighing it anew comes to")
    else:
        print(f"events with another weight, mean or verdict: {report.reweighed:,}")
    if report.changed:
        moved = f"scores up {report.rising:,}, down {report.falling:,}; tiers {report.tiers:,}"
        print(f"standings that show something else: {report.changed:,} ({moved})")
    for each in report.movers[:_SHOWN]:
        tier = "" if each.tier_before == each.tier_after else f"   {each.tier_before} → {each.tier_after}"
        change = each.after - each.before
        print(f"  {each.subject}: {each.before:.6g} → {each.after:.6g} ({change:+.4g}){tier}")
    if report.kept:
        print(f"events that stay held, or not held, because something has followed: {report.kept:,}")
    if report.refused:
        print(f"events that the rules do not take, which count for nothing: {report.refused:,}")
    if report.reweighed or report.changed:
        print("all is written" if report.rewritten else "nothing is written")


@command
def export(
    file: Annotated[Path, typer.Argument(help="New file to write, such as shop.sqlite.", metavar="FILE")],
    *,
    secrets: Annotated[
        bool, typer.Option("--secrets", help="Take API keys, rights and revocations along.")
    ] = False,
    config: Config = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Write the whole ledger into one file, which `renown serve --data FILE` serves."""
    import asyncio

    from renown.cli.local import local_settings, open_ledger

    ledger = open_ledger(local_settings(config, data=data))

    async def write() -> None:
        try:
            await ledger.export(file, secrets=secrets)
        finally:
            await ledger.close()

    asyncio.run(write())
    size = file.stat().st_size
    if as_json:
        print_json({"file": str(file), "bytes": size})
    else:
        print(f"{file}: {size:,} bytes")


@command
def erase(
    actor: Annotated[str, typer.Argument(help="Who asks to be forgotten, kind:id.", metavar="ACTOR")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make a person anonymous in all events and drop what they wrote; no score changes."""
    import asyncio

    from renown.cli.local import local_settings, open_ledger

    if not yes:
        typer.confirm(f"Erase {actor} for good?", abort=True, err=True)
    ledger = open_ledger(local_settings(config, data=data))

    async def run() -> "Erasure":
        try:
            return await ledger.erase(actor)
        finally:
            await ledger.close()

    erasure = asyncio.run(run())
    if as_json:
        print_json(erasure)
    else:
        print(f"{erasure.events:,} events about {erasure.subjects:,} subjects are now of {erasure.pseudonym}")


@command
def doctor(
    *,
    url: Url = DEFAULT_URL,
    config: Config = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Check this machine and the server.

    The data folder, the policies, the port, HTTP, the WebSocket upgrade, the clock.
    """
    from renown.cli.checking import examine
    from renown.cli.local import local_settings

    findings = examine(local_settings(config, data=data), url)
    if as_json:
        print_json(findings)
    else:
        for finding in findings:
            mark = {"ok": "ok  ", "fault": "FAIL", "note": "note"}[finding.state]
            print(f"{mark}  {finding.about:<12} {finding.text}")
    if any(finding.state == "fault" for finding in findings):
        raise typer.Exit(FAULTS)
