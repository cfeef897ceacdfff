"""What `renown explain` prints: lines with what guards said of them, reviews, steps, tiers."""

import os
import shutil
import sys
from collections.abc import Iterator
from textwrap import wrap
from typing import Any, Final

from renown.cli.output import stamp

__all__ = ["print_explanation"]

_HEAD: Final = f"{'points':>10} {'share':>6} {'value':>7} {'weight':>6}  {'when':<16}  event"
_BESIDE: Final = " " * 4
_NO_END: Final = 100_000
"""Characters of a line for programs, which are given whole lines."""
_UNITS: Final = {
    "count": "contributions",
    "evidence": "contributions to show a score",
    "lasting": "days on end",
}

_Row = dict[str, Any]


def print_explanation(page: _Row) -> None:
    """Print an explanation as it comes over HTTP, for the width of the terminal."""
    width = _width()
    for line in _told(page, width):
        print(line)


def _width() -> int:
    for_people = sys.stdout.isatty() or "COLUMNS" in os.environ
    return max(40, shutil.get_terminal_size().columns) if for_people else _NO_END


def _told(page: _Row, width: int) -> Iterator[str]:
    about = f" {page['category']}" if page["category"] else ""
    yield f"{page['subject']}{about}  {page['score']:.6g}  (version {page['version']})"
    yield ""
    yield _HEAD
    for line in page["lines"]:
        yield from _line(line, width)
    if page["cursor"]:
        yield f"{page['points_of_older']:>+10.5f} {'':>6} {'':>7} {'':>6}  {'':<16}  older events"
    prior = page["prior"]
    if prior:
        numbers = f"{prior['points']:>+10.5f} {'':>6} {prior['value']:>7.4g} {prior['weight']:>6.3g}"
        yield f"{numbers}  {'':<16}  prior of the policy"
    yield f"{page['score']:>+10.5f} score"
    yield from _part("under review", _held(page.get("held", [])), width)
    yield from _part("what else happened", _steps(page.get("steps", [])), width)
    yield from _part("tiers", _tiers(page.get("tiers")), width)


def _line(line: _Row, width: int) -> Iterator[str]:
    points = round(line["points"], 5) + 0.0  # no minus before nothing
    head = (
        f"{points:>+10.5f} {line['share']:>6.1%} {line['value']:>7.4g} {line['weight']:>6.3g}"
        f"  {_minute(line['at']):<16}  {line['type']}"
    )
    who = f" by {line['actor']}" if line.get("actor") else ""
    whose = f"{line.get('id') or ''}{who}".strip()
    if len(head) + 1 + len(whose) <= width:
        yield f"{head} {whose}".rstrip()
    else:
        yield head
        yield f"{_BESIDE}{whose}"
    for said in line.get("guards", ()):
        yield from _wrapped(_verdict(said), width)


def _verdict(said: _Row) -> str:
    """Return what a guard said of a line: what it did, its name, and its sentence with what is left."""
    what = "weighed" if said["kind"] == "weigh" else "flagged"
    return f"{what} by {said['name']}: {said['why']}"


def _held(lines: list[_Row]) -> Iterator[str]:
    for line in lines:
        until = f", until {_minute(line['until'])}" if line.get("until") else ""
        reason = f": {line['reason']}" if line.get("reason") else ""
        named = f"{line['type']} {line.get('id') or ''}".strip()
        yield f"{_minute(line['at'])}  {named}  ({line['why']}{until}){reason}"


def _steps(steps: list[_Row]) -> Iterator[str]:
    for step in steps:
        for change in step["changes"]:
            # What guards said of a line stands there.
            if change.get("why") and change["kind"] not in ("flag", "weigh"):
                name = f"{change['name']} " if change["kind"] == "alert" and change.get("name") else ""
                what = f"{change['kind']} {name}" if change["kind"] in _NAMED else ""
                yield f"{_minute(step['at'])}  {what}{_after(change)}{change['why']}"


_NAMED: Final = ("tier", "badge", "status", "alert")
"""Kinds of changes whose sentence does not say what has changed."""


def _after(change: _Row) -> str:
    return f"{change.get('after') or 'none'}: " if change["kind"] in _NAMED else ""


def _tiers(told: _Row | None) -> Iterator[str]:
    if told is None:
        return
    longest = max(len(step["name"]) for step in told["steps"])
    for step in reversed(told["steps"]):
        missing = "; ".join(_need(need) for need in step.get("needs", ()) if not need["met"])
        if step.get("held"):
            state = "held" + (f", missing to keep it: {missing}" if missing else "")
            state += f", at least until {_minute(told['safe_until'])}" if told["safe_until"] else ""
            state += ", set by an event" if told["set_by_event"] else ""
        elif step["reached"]:
            state = "reached"
        else:
            state = f"missing: {missing}" if missing else "nothing is missing"
        yield f"{step['name']:<{longest}}  {state}"
    if told["next_look"]:
        yield f"decided next on {_minute(told['next_look'])}"


def _need(need: _Row) -> str:
    have, asked = f"{need['have']:.4g}", f"{need['need']:.4g}"
    if need["what"] == "event":
        return "an event that gives it"
    if need["what"] in ("weeks", "days"):
        return f"{have} of {asked} {need['what']}, of the last {need['of']}"
    part = need.get("part") or ""
    if need["what"] == "score":
        return f"{part or 'score'} {have}{', at most' if need.get('at_most') else ' of'} {asked}"
    return f"{have} of {asked} {_UNITS[need['what']]}{f' to {part}' if part else ''}"


def _part(title: str, lines: Iterator[str], width: int) -> Iterator[str]:
    first = next(lines, None)
    if first is None:
        return
    yield ""
    yield title
    yield from _wrapped(first, width, "  ")
    for line in lines:
        yield from _wrapped(line, width, "  ")


def _wrapped(text: str, width: int, indent: str = _BESIDE) -> list[str]:
    return wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _minute(text: str) -> str:
    return stamp(text)[:16]
