"""Trying a policy and switching to one, with a progress bar; and what came of it, in words."""

import asyncio
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from renown.ledger import Ledger
    from renown.ledger.policies.trying import Bin, Trial
    from renown.policy import Policy

__all__ = ["switch_policy", "told_trial", "try_policy"]

_BAR: Final = 40
_MOVERS: Final = 10
_POLL: Final = 0.1

Show = Callable[[int, int], None]


async def try_policy(ledger: "Ledger", policy: "Policy", *, quiet: bool) -> "Trial":
    """Return what a policy would change.

    Raises:
        LedgerError: the file cannot be read.

    """
    stop = threading.Event()
    try:
        with _bar(f"trying {policy.name} {policy.version}", quiet=quiet) as show:
            return await ledger.policies.try_out(policy, show, stop)
    finally:
        stop.set()
        await ledger.close()


async def switch_policy(ledger: "Ledger", policy: "Policy", *, quiet: bool) -> int:
    """Put a policy in force and return how many subjects there are, when all are under it.

    Raises:
        ConflictError: the version is not above those the kind has had.
        LedgerError: the file cannot be written.

    """
    try:
        await ledger.start()
        state = await ledger.policies.put(policy)
        with _bar(f"switching to {policy.name} {policy.version}", quiet=quiet) as show:
            while state.done is not None:
                if show is not None:
                    show(state.done, state.subjects)
                await asyncio.sleep(_POLL)
                state = ledger.policies.of(policy.kind)
        return state.subjects
    finally:
        await ledger.close()


@contextmanager
def _bar(title: str, *, quiet: bool) -> Generator[Show | None]:
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    # Its own lock makes it safe to be told from the thread that works.
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def told_trial(trial: "Trial") -> str:
    """Return what came of a trial, for people."""
    lines = [
        f"{trial.policy} {trial.version} on {trial.subjects:,} subjects of the kind {trial.kind},"
        f" {trial.events:,} events",
        f"  standings that change  {_of(trial.changed, trial.subjects)}",
        f"  scores                 {_of(trial.scores, trial.subjects)}"
        f"   up {trial.rising:,}, down {trial.falling:,}, mean {trial.mean:+.4g}, median {trial.median:+.4g}",
        f"  tiers                  {_of(trial.tiers, trial.subjects)}",
        f"  badges                 {_of(trial.badges, trial.subjects)}",
        f"  statuses               {_of(trial.statuses, trial.subjects)}",
        f"  shown or not           {_of(trial.provisional, trial.subjects)}",
    ]
    if trial.tier_moves:
        moves = [
            f"{each.before or '–'} → {each.after or '–'}: {each.subjects:,}" for each in trial.tier_moves
        ]
        lines += ["", "tiers", *(f"  {move}" for move in moves[:_MOVERS])]
    if trial.histogram:
        lines += ["", "how much scores change", *_chart(trial.histogram)]
    if trial.movers:
        lines += ["", "those that change most"]
        widest = max(len(each.subject) for each in trial.movers[:_MOVERS])
        for each in trial.movers[:_MOVERS]:
            tier = "" if each.tier_before == each.tier_after else f"   {each.tier_before} → {each.tier_after}"
            change = each.after - each.before
            lines.append(
                f"  {each.subject:<{widest}}  {each.before:.6g} → {each.after:.6g}  ({change:+.4g}){tier}"
            )
    if trial.refused:
        total = sum(trial.refused.values())
        lines += ["", f"{total:,} events would be refused"]
        lines += [f"  {code}: {count:,}" for code, count in trial.refused.items()]
        lines += [f"  {each.id} ({each.subject}): {each.detail}" for each in trial.refusals[:3]]
    return "\n".join(lines)


def _of(count: int, total: int) -> str:
    return f"{count:>10,}  {100 * count / total if total else 0.0:5.1f} %"


def _chart(bins: "Sequence[Bin]") -> list[str]:
    most = max(each.subjects for each in bins)
    lines: list[str] = []
    for each in bins:
        filled = round(_BAR * each.subjects / most)
        bar = "█" * (filled or (1 if each.subjects else 0))
        lines.append(f"  {each.low:>+10.4g} … {each.high:<+10.4g} {bar} {each.subjects:,}".rstrip())
    return lines
