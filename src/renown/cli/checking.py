"""The checks of `renown doctor`."""

import os
import socket
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

import httpx
import msgspec

from renown.cli.local import folder_of, open_ledger, policies_of
from renown.cli.watching import websocket_url
from renown.errors import RenownError
from renown.server.settings import Settings

__all__ = ["Finding", "examine"]

_SKEW = 5.0
"""Seconds by which clocks may differ before it is worth a word."""


class Finding(msgspec.Struct, frozen=True):
    """What one check found."""

    about: str
    state: Literal["ok", "note", "fault"]
    text: str


def examine(settings: Settings, url: str) -> list[Finding]:
    """Run every check; none of them changes anything."""
    findings = [_data(settings), _policies(settings)]
    answered, over_http = _http(url)
    findings += over_http
    if answered:
        findings.append(_websocket(url))
    else:
        findings.append(_port(settings))
    return findings


def _data(settings: Settings) -> Finding:
    folder = folder_of(settings)
    if not folder.exists():
        return Finding("data", "note", f"{folder} does not exist yet; the server will make it")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding("data", "fault", f"{folder} cannot be written by this user")
    try:
        stats = open_ledger(settings).stats()
    except RenownError as error:
        state = "note" if error.problem_code == "no_ledger" else "fault"
        return Finding("data", state, error.detail)
    return Finding("data", "ok", f"{folder}: {stats.events:,} events of {stats.subjects:,} subjects")


def _policies(settings: Settings) -> Finding:
    try:
        names = ", ".join(policy.name for policy in policies_of(settings))
    except RenownError as error:
        return Finding("policies", "fault", error.detail)
    return Finding("policies", "ok", names if settings.policies else f"none set; presets are {names}")


def _port(settings: Settings) -> Finding:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return Finding("port", "fault", f"{settings.host}:{settings.port}: {error.strerror}")
    return Finding("port", "ok", f"{settings.port} is free")


def _http(url: str) -> tuple[bool, list[Finding]]:
    try:
        began = time.time()
        response = httpx.get(f"{url.rstrip('/')}/health/ready", timeout=5)
        took = time.time() - began
    except (httpx.TransportError, httpx.InvalidURL) as error:
        return False, [Finding("server", "note", f"nothing answers at {url} ({error})")]
    if response.status_code != 200:
        return True, [Finding("server", "fault", f"{url} answers {response.status_code} to /health/ready")]
    findings = [Finding("server", "ok", f"{url} is ready, {took * 1000:.0f} ms")]
    return True, [*findings, *_clock(response, began + took / 2)]


def _clock(response: httpx.Response, now: float) -> Iterator[Finding]:
    try:
        told = parsedate_to_datetime(response.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return
    # The header has whole seconds, so half a second off is no news.
    skew = told + 0.5 - now
    if abs(skew) > _SKEW:
        yield Finding("clock", "fault", f"the server's clock is {skew:+.0f} s from this one")
    else:
        yield Finding("clock", "ok", "the server's clock agrees with this one")


def _websocket(url: str) -> Finding:
    from websockets.exceptions import InvalidHandshake, WebSocketException
    from websockets.sync.client import connect

    address = websocket_url(url)
    try:
        with connect(address, open_timeout=5) as client:
            client.send('{"id":1,"connect":{}}')
            reply = msgspec.json.decode(client.recv(timeout=5))
    except InvalidHandshake as error:
        return Finding(
            "websocket", "fault", f"{address}: the upgrade is refused, perhaps by a proxy: {error}"
        )
    except (OSError, TimeoutError, WebSocketException, msgspec.DecodeError) as error:
        return Finding("websocket", "fault", f"{address}: {error or type(error).__name__}")
    if "connect" in reply:
        return Finding(
            "websocket", "ok", f"{urlsplit(address).path} connects, as client {reply['connect']['client']}"
        )
    return Finding("websocket", "ok", f"{urlsplit(address).path} upgrades; it asks for a token")
