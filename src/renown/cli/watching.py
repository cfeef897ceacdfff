"""A small client of the realtime protocol for the terminal."""

import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from renown.cli.output import note, print_json, stamp
from renown.client import RefusedError, Renown, UnreachableError
from renown.errors import AuthenticationError, ForbiddenError, NotFoundError
from renown.policy.nearest import expected_one_of

__all__ = ["watch_channels", "websocket_url"]

_SCORES: Final = ("standing", "board", "feed", "activity")
"""Namespaces whose publications are printed in words rather than as JSON."""
_OF_SUBJECTS: Final = ("standing", "activity", "detail")
_FINAL: Final = (range(3500, 4000), range(4500, 5000))
"""Close codes after which a client must not come back."""


def websocket_url(url: str) -> str:
    """Return the address of the WebSocket transport of the server at `url`."""
    return "ws" + url.removeprefix("http").rstrip("/") + "/connection/websocket"


def watch_channels(url: str, channels: list[str], *, token: str, count: int | None, as_json: bool) -> None:
    """Print every publication of the channels; come back after a lost connection.

    Raises:
        UnreachableError: there is no server.
        RefusedError: it turns the connection or a channel down.

    """
    names = _named(url, channels, token)
    left = count
    attempt = 0
    positions: dict[str, dict[str, Any]] = {}
    while left is None or left > 0:
        try:
            with connect(websocket_url(url), open_timeout=10, max_size=4 * 1024 * 1024) as socket:
                for channel, data in _publications(socket, names, token, positions):
                    attempt = 0
                    _show(channel, data, as_json=as_json)
                    left = None if left is None else left - 1
                    if left == 0:
                        return
        except ConnectionClosed as closed:
            _stop_when_final(closed)
        except (OSError, InvalidHandshake, TimeoutError) as error:
            if attempt == 0 or isinstance(error, InvalidStatus):
                raise UnreachableError(f"No answer from {url}: {error}.") from error
        attempt += 1
        note("connection lost, trying again …")
        time.sleep(random.uniform(0, min(20.0, 0.5 * 2 ** min(attempt, 6))))  # noqa: S311 (spreads retries)


def _named(url: str, channels: list[str], token: str) -> list[str]:
    """Return the channels as the server calls them: a bare subject stands for its standing.

    Raises:
        NotFoundError: the server knows neither a namespace nor a kind of that name.

    """
    with Renown(url, token or None) as renown:
        try:
            kinds = [kind["kind"] for kind in renown.info()["kinds"]]
            namespaces = [one["namespace"] for one in renown.channels()]
        except (AuthenticationError, ForbiddenError):
            return channels
    return [_channel(name, kinds, namespaces) for name in channels]


def _channel(name: str, kinds: list[str], namespaces: list[str]) -> str:
    namespace, colon, rest = name.removeprefix("$").partition(":")
    if (namespace if colon else "") not in namespaces:
        if namespace not in kinds:
            raise NotFoundError(
                f"The server knows no subjects of the kind {namespace}, and no such channels.",
                code="unknown_kind",
                expected=expected_one_of(namespace, [*kinds, *filter(None, namespaces)]),
            )
        return f"standing:{name}"
    kind = rest.partition(":")[0]
    if namespace in _OF_SUBJECTS and kind not in kinds:
        raise NotFoundError(
            f"The server knows no subjects of the kind {kind}.",
            code="unknown_kind",
            expected=expected_one_of(kind, kinds),
        )
    return name


def _stop_when_final(closed: ConnectionClosed) -> None:
    frame = closed.rcvd
    if frame is not None and any(frame.code in codes for codes in _FINAL):
        raise RefusedError(f"The server closed the connection: {frame.code} {frame.reason}.") from closed


def _publications(
    socket: ClientConnection, names: list[str], token: str, positions: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, Any]]:
    """Yield what the channels publish, from `positions` on, which are kept up to date."""
    greeting: dict[str, Any] = {"id": 1, "connect": {"token": token} if token else {}}
    socket.send(json.dumps(greeting))
    asked = dict(enumerate(names, start=2))
    for number, name in asked.items():
        known = positions.get(name)
        since = {} if known is None else {"recover": True, **known}
        socket.send(json.dumps({"id": number, "subscribe": {"channel": name, **since}}))
    while True:
        for line in str(socket.recv(decode=True)).splitlines():
            reply = msgspec.json.decode(line)
            if not reply:
                socket.send("{}")
                continue
            yield from _of_reply(reply, asked, positions)


def _of_reply(
    reply: dict[str, Any], asked: dict[int, str], positions: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, Any]]:
    if error := reply.get("error"):
        what = asked.get(reply.get("id", 0), "the connection")
        raise RefusedError(f"{what}: {error.get('message')} ({error.get('code')}).")
    if found := reply.get("subscribe"):
        name = asked[reply["id"]]
        if found.get("positioned"):
            positions[name] = {"epoch": found.get("epoch", ""), "offset": found.get("offset", 0)}
        if found.get("was_recovering") and not found.get("recovered"):
            note(f"{name}: what was published meanwhile cannot all be had any more")
        for publication in found.get("publications") or ():
            _advance(positions, name, publication)
            yield name, publication["data"]
    push: dict[str, Any] = reply.get("push", {})
    if "pub" in push:
        name, publication = push["channel"], push["pub"]
        _advance(positions, name, publication)
        yield name, publication["data"]


def _advance(positions: dict[str, dict[str, Any]], name: str, publication: dict[str, Any]) -> None:
    """Note how far a channel was heard; what is not kept has no place in it."""
    offset = publication.get("offset", 0)
    if offset and name in positions:
        positions[name]["offset"] = offset


def _show(channel: str, data: Any, *, as_json: bool) -> None:
    if as_json:
        print_json({"channel": channel, "data": data})
        return
    for line in _lines(channel, data):
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _lines(channel: str, data: Any) -> Iterator[str]:
    if channel.partition(":")[0] not in _SCORES:
        yield f"{channel}  {json.dumps(data, ensure_ascii=False)}"
    elif "rows" in data:
        yield f"{data['board']} board"
        for row in data["rows"][:10]:
            yield f"  {row['rank']:>3}. {row['score']:>9.4g}  {row['subject']}"
    elif "changes" in data:
        yield from (_change(change) for change in data["changes"][:1])
    elif "tier" in data:
        cause = data.get("cause") or {"type": "", "delta": 0.0}
        new = "  provisional" if data["provisional"] else ""
        yield (
            f"{stamp(data['updated_at'])}  {data['subject']:<28} {data['score']:>9.4g}"
            f"  {cause['delta']:>+8.4f}  {cause['type']}{new}"
        )
    else:
        yield _change(data)


def _change(data: dict[str, Any]) -> str:
    return (
        f"{stamp(data['at'])}  {data['subject']:<28} {data['score']:>9.4g}"
        f"  {data['delta']:>+8.4f}  {data['type']}"
    )
