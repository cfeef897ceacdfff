"""`renown show`, `explain` and `watch`."""

from typing import Annotated

import typer

from renown.cli.options import DEFAULT_URL, Json, Key, Url
from renown.cli.output import command, print_json, stamp

__all__ = ["explain", "show", "watch"]

Subject = Annotated[str, typer.Argument(help="kind:id, such as seller:42.", metavar="SUBJECT")]


@command
def show(
    subject: Subject,
    *,
    at: Annotated[str | None, typer.Option("--at", help="As of this time, RFC 3339.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Show a subject's standing."""
    from renown.cli.parsing import moment_of
    from renown.client import Renown

    with Renown(url, key) as renown:
        standing = renown.standing(subject, at=moment_of(at))
    if as_json:
        print_json(standing)
        return
    new = "  (provisional: not enough evidence yet)" if standing.provisional else ""
    print(f"{standing.subject}  {standing.score:.4g}{new}")
    print(f"  range    {standing.low:.4g} – {standing.high:.4g}")
    print(f"  from     {standing.count} live contributions, version {standing.version}")
    if standing.tier:
        print(f"  tier     {standing.tier}")
    if standing.badges:
        print(f"  badges   {', '.join(standing.badges)}")
    if standing.status != "active" or standing.status_until:
        until = f" until {stamp(standing.status_until)}" if standing.status_until else ""
        print(f"  status   {standing.status}{until}")
    if standing.held:
        print(f"  held     {standing.held} under review")
    for name, category in standing.categories.items():
        print(f"  {name:<16} {category.score:.4g}  ({category.count})")
    if standing.cause is not None:
        print(f"  last     {standing.cause.type} {standing.cause.delta:+.4g} at {stamp(standing.updated_at)}")


@command
def explain(
    subject: Subject,
    *,
    category: Annotated[str | None, typer.Option("--category", help="One category's score.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Most events.", min=1, max=500)] = 20,
    at: Annotated[str | None, typer.Option("--at", help="As of this time, RFC 3339.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Say what every event does to a score, newest first."""
    from renown.cli.explaining import print_explanation
    from renown.cli.parsing import moment_of
    from renown.client import Renown

    with Renown(url, key) as renown:
        page = renown.explain(subject, category=category, limit=limit, at=moment_of(at))
    if as_json:
        print_json(page)
        return
    print_explanation(page)


@command
def watch(
    channels: Annotated[
        list[str],
        typer.Argument(help="Channels such as feed:all or board:seller, or subjects.", metavar="CHANNEL..."),
    ],
    *,
    count: Annotated[int | None, typer.Option("--count", help="End after so many changes.", min=1)] = None,
    token: Annotated[str, typer.Option("--token", envvar="RENOWN_TOKEN", help="Client token.")] = "",
    url: Url = DEFAULT_URL,
    as_json: Json = False,
) -> None:
    """Show changes as they happen, until interrupted."""
    from renown.cli.watching import watch_channels

    watch_channels(url, channels, token=token, count=count, as_json=as_json)
