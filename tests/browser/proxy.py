"""A proxy between browser and server that can treat WebSockets badly, as some company networks do."""

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Final, Literal, Self

__all__ = ["Proxy", "Treatment"]

Treatment = Literal["pass", "refuse", "missing", "mute", "cut", "fade"]
"""What becomes of WebSockets.

`refuse` and `missing` answer the upgrade with 403 and 404; `mute` lets the upgrade through and then nothing
more from the server; `cut` ends every tunnel after 200 ms; `fade` lets everything through for a while
(`fades_after`) and then nothing in either direction, with the connection left standing.
"""

_ANSWERS: Final = {"refuse": b"403 Forbidden", "missing": b"404 Not Found"}
_CUT_AFTER: Final = 0.2


class Proxy:
    """Forwards TCP to `port`; WebSockets as `treat` says; requests for what begins like `deny` get 403."""

    def __init__(self, port: int, *, fades_after: float = 10.0, deny: tuple[bytes, ...] = ()) -> None:
        self._port = port
        self._fades_after = fades_after
        self.deny = deny
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tunnels: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._websockets: Treatment = "pass"
        self.upgrades = 0
        """Upgrades asked for so far."""

    @property
    def url(self) -> str:
        """The proxy's address, without a slash at the end."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def treat(self, websockets: Treatment) -> None:
        """Change the treatment of WebSockets; open ones are cut."""
        self._websockets = websockets
        with self._lock:
            for each in self._tunnels:
                _end(each)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head = client.recv(65536)
            upgrade = b"upgrade: websocket" in head.lower()
            treatment = self._websockets if upgrade else "pass"
            self.upgrades += upgrade
            if self.deny and head.split(b" ", 2)[1].startswith(self.deny):
                treatment = "refuse"
            elif self.deny and not upgrade:
                # Each request on a connection of its own, so that none slips through behind another.
                head = head.replace(b"Connection: keep-alive", b"Connection: close")
            if treatment in _ANSWERS:
                client.sendall(
                    b"HTTP/1.1 " + _ANSWERS[treatment] + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                return
            with socket.create_connection(("127.0.0.1", self._port)) as server:
                server.sendall(head)
                self._tunnel(client, server, upgrade, treatment)

    def _tunnel(
        self, client: socket.socket, server: socket.socket, upgrade: bool, treatment: Treatment
    ) -> None:
        if upgrade:
            with self._lock:
                self._tunnels |= {client, server}
        until = time.monotonic() + self._fades_after if treatment == "fade" else None
        up = threading.Thread(target=_pump, args=(client, server, until), daemon=True)
        up.start()
        if treatment == "cut":
            timer = threading.Timer(_CUT_AFTER, lambda: (_end(client), _end(server)))
            timer.daemon = True
            timer.start()
        _pump(server, client, until, only_head=treatment == "mute")
        up.join()
        with self._lock:
            self._tunnels -= {client, server}

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.treat("refuse")


def _pump(
    source: socket.socket, target: socket.socket, until: float | None = None, *, only_head: bool = False
) -> None:
    """Pass on what comes: all of it, or until a time, or no more than the head of the first answer."""
    passed = False
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if only_head:
                data = b"" if passed else data[: data.index(b"\r\n\r\n") + 4]
            elif until is not None and time.monotonic() > until:
                data = b""
            if data:
                target.sendall(data)
            passed = True
    for each in (source, target):
        _end(each)


def _end(tunnel: socket.socket) -> None:
    with contextlib.suppress(OSError):
        tunnel.shutdown(socket.SHUT_RDWR)
