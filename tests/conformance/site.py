"""The real server with given settings and an API key for it, for conformance tests of whole features."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from renown.gateway.admission.tokens import Tokens
from renown.gateway.options import TokenOptions
from tests.running import RunningServer, cli_key

__all__ = ["BOTH", "SECRET", "Site", "open_site", "second_process", "token"]

SECRET = "a secret of more than thirty-two bytes"
BOTH = pytest.mark.parametrize("protocol", ["json", "protobuf"])


class Site:
    """A server and somebody who may do everything on it."""

    def __init__(self, server: RunningServer, key: str) -> None:
        self.server = server
        self.key = key

    @property
    def websocket(self) -> str:
        """Where clients connect."""
        return self.server.websocket

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return what a request is answered with; it must succeed."""
        headers = {"authorization": f"Bearer {self.key}"}
        answer = httpx.request(method, f"{self.server.url}{path}", json=body, headers=headers, timeout=30)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def room(self, method: str, **body: object) -> Any:
        """Call the server API, as the libraries for backends do; return its result."""
        answer = self.ask("POST", f"/api/{method}", body)
        assert "error" not in answer, answer
        return answer["result"]

    def rate(self, subject: str = "seller:42", value: float = 5.0) -> int:
        """Submit a review; return the version of the standing that it made."""
        answer = self.ask("POST", "/v1/events", {"type": "review", "subject": subject, "value": value})
        assert answer["status"] == "applied"
        return int(answer["version"])


@contextmanager
def open_site(folder: Path, settings: str = "") -> Iterator[Site]:
    """Run a server whose tokens are signed with `SECRET`."""
    head = f'policies = ["seller"]\n[access]\nanonymous = true\n[tokens]\nsecret = "{SECRET}"\n'
    (folder / "renown.toml").write_text(head + settings)
    with RunningServer(folder / "data", "--config", str(folder / "renown.toml"), dev=False) as server:
        yield Site(server, full_key(server.data))


@contextmanager
def second_process(site: Site) -> Iterator[RunningServer]:
    """Run another process on the same data with the same settings."""
    with RunningServer(site.server.data, *site.server.arguments, dev=False) as server:
        yield server


def full_key(data: Path) -> str:
    """Return an API key that may do everything a backend does."""
    return cli_key(data, "events", "read", "rooms", "tokens", "users")


def token(user: str, **claims: Any) -> str:
    """Return a connection token with these claims besides; with `lifetime` it expires."""
    return Tokens(TokenOptions(secret=SECRET)).issue(user, **claims)
