"""A proxy between browser and server that can treat WebSockets badly, as some company networks do."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Literal, Self

__all__ = ["Proxy"]

_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Proxy:
    """Forwards TCP to `port`. `websockets` says what becomes of upgrades: `pass`, `refuse` or `mute`.

    `mute` lets the handshake through and then nothing more from the server.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._tunnels: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._websockets: Literal["pass", "refuse", "mute"] = "pass"
        self.upgrades = 0
        """Upgrades asked for so far."""

    @property
    def url(self) -> str:
        """The proxy's address, without a slash at the end."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def treat(self, websockets: Literal["pass", "refuse", "mute"]) -> None:
        """Change the treatment of WebSockets; open ones are cut."""
        self._websockets = websockets
        with self._lock:
            for each in self._tunnels:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

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
            if treatment == "refuse":
                client.sendall(_REFUSED)
                return
            with socket.create_connection(("127.0.0.1", self._port)) as server:
                server.sendall(head)
                self._tunnel(client, server, upgrade, treatment == "mute")

    def _tunnel(self, client: socket.socket, server: socket.socket, upgrade: bool, mute: bool) -> None:
        if upgrade:
            with self._lock:
                self._tunnels |= {client, server}
        up = threading.Thread(target=_pump, args=(client, server), daemon=True)
        up.start()
        _pump(server, client, only_first=mute)
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


def _pump(source: socket.socket, target: socket.socket, *, only_first: bool = False) -> None:
    passed = 0
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if only_first and not passed:
                data = data[: data.index(b"\r\n\r\n") + 4]
            if not (only_first and passed):
                target.sendall(data)
            passed += 1
    for each in (source, target):
        with contextlib.suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
