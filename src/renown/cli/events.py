"""`renown event` and `renown replay`: events from the command line and from files."""

from pathlib import Path
from typing import Annotated

import typer

from renown.cli.options import DEFAULT_URL, Json, Key, Url
from renown.cli.output import USAGE, command, fail, print_json

__all__ = ["event", "replay"]


@command
def event(
    subject: Annotated[str, typer.Argument(help="Whom it is about, kind:id.", metavar="SUBJECT")],
    type_: Annotated[str, typer.Argument(help="What happened, such as review.", metavar="TYPE")],
    *,
    value: Annotated[float | None, typer.Option("--value", help="The rating or amount.")] = None,
    actor: Annotated[str | None, typer.Option("--actor", help="Who caused it, kind:id.")] = None,
    category: Annotated[
        list[str] | None, typer.Option("--category", help="A rated aspect; repeatable.", metavar="NAME=VALUE")
    ] = None,
    ref: Annotated[
        str | None, typer.Option("--ref", help="Order, contract …; what a retraction means.")
    ] = None,
    id_: Annotated[
        str | None, typer.Option("--id", help="Your own id, so that a repeat is harmless.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", help="When it happened, RFC 3339.")] = None,
    data: Annotated[str | None, typer.Option("--data", help="Further facts, a JSON object.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Tell the server one event; print what became of it."""
    from renown.cli.parsing import categories_of, moment_of, object_of
    from renown.client import Renown

    with Renown(url, key) as renown:
        answer = renown.event(
            subject,
            type_,
            value=value,
            actor=actor,
            categories=categories_of(category),
            ref=ref,
            id=id_,
            occurred_at=moment_of(at),
            data=object_of(data),
            standing=True,
        )
    if as_json:
        print_json(answer)
        return
    score = f", score {answer.standing.score:.4g}" if answer.standing else ""
    print(f"{answer.status.value}  {answer.id}  {subject} version {answer.version}{score}")


@command
def replay(
    file: Annotated[Path, typer.Argument(help="CSV, NDJSON, or either as .gz; - for standard input.")],
    *,
    policy: Annotated[
        str | None, typer.Option("--policy", help="Kind of subject that CSV rows are about, such as trader.")
    ] = None,
    speed: Annotated[
        str, typer.Option("--speed", help="How many times faster than it happened, or max.", metavar="N|max")
    ] = "max",
    limit: Annotated[int | None, typer.Option("--limit", help="Stop after so many events.", min=1)] = None,
    subject_column: Annotated[str | None, typer.Option(help="CSV column of the subject.")] = None,
    actor_column: Annotated[str | None, typer.Option(help="CSV column of the actor.")] = None,
    value_column: Annotated[str | None, typer.Option(help="CSV column of the value.")] = None,
    time_column: Annotated[str | None, typer.Option(help="CSV column of the time.")] = None,
    id_column: Annotated[str | None, typer.Option(help="CSV column of the event's id.")] = None,
    type_column: Annotated[str | None, typer.Option(help="CSV column of the type.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Type of every event of a CSV file.")] = None,
    actor_kind: Annotated[str | None, typer.Option(help="Kind of the actors of a CSV file.")] = None,
    url: Url = DEFAULT_URL,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Feed a recorded file to the server, at once or in its own time.

    Every event gets an id made from its content, so a second replay changes nothing.
    """
    from renown.cli.feeding import feed
    from renown.cli.recordings import Columns, Recording
    from renown.client import Renown

    pace = _pace(speed)
    columns = Columns(
        subject=subject_column,
        actor=actor_column,
        value=value_column,
        time=time_column,
        id=id_column,
        type=type_column,
    )
    recording = Recording(file, kind=policy, columns=columns, event_type=type_, actor_kind=actor_kind)
    with Renown(url, key) as renown:
        renown.info()
        summary = feed(renown, recording, pace=pace, limit=limit, quiet=as_json)
    if as_json:
        print_json(summary)
    else:
        print(summary.text())
    if summary.rejected and not summary.applied and not summary.duplicate:
        raise typer.Exit(1)


def _pace(speed: str) -> float | None:
    if speed == "max":
        return None
    try:
        pace = float(speed.rstrip("x"))
    except ValueError:
        pace = 0.0
    if not 0 < pace < float("inf"):
        fail(f"--speed is a number above 0 or max, not {speed}", USAGE)
    return pace
