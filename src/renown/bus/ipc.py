"""The bus between processes of one machine: Unix sockets by ZeroMQ, found in a folder that they share.

Each node takes messages on a socket of its own and sends on one socket to each other node, over queues that
are bounded. Who is there is told by the folder, see `NodeFolder`: it is looked into once a second, at the
cost of a few system calls for each node.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Final

import structlog
import zmq

from renown.bus.bus import Ear, Listener
from renown.bus.folder import NodeFolder
from renown.bus.memory import MemoryBus
from renown.model import Update

__all__ = ["IpcBus"]

_LOOK: Final = 1.0
"""Seconds between two looks for who came and who died."""
_QUEUED: Final = 20_000
"""Messages that wait for one node, at most; what comes then is lost to it."""
_AT_ONCE: Final = 200
"""Messages taken in one turn; then others have theirs."""
_FAREWELL: Final = 200
"""Milliseconds that the last messages of a node get to go out."""
_log = structlog.get_logger("renown")


class _Kind:
    HELLO = b"h"
    MESSAGE = b"m"
    BYE = b"b"


class IpcBus:
    """A node among the processes that share a folder. One that cannot use the folder says so and is alone."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made on `start`, for the owner alone. Nothing else should be in it."""
        self.node = uuid.uuid4().hex
        """The name of this node."""
        self.leads = True
        """Whether this node is the leader."""
        self._near = MemoryBus()
        self._folder = NodeFolder(folder)
        self._path = folder
        self._name = self.node.encode()
        self._address = ""
        self._ear: Ear | None = None
        self._context: zmq.Context[Any] | None = None
        self._inbox: zmq.Socket[bytes] | None = None
        self._peers: dict[str, zmq.Socket[bytes]] = {}
        self._looking: asyncio.Task[None] | None = None

    @property
    def nodes(self) -> Collection[str]:
        """The other nodes that are there."""
        return self._peers.keys()

    def publish(self, updates: Sequence[Update]) -> None:
        """Hand the updates of one commit to the listeners of this process."""
        self._near.publish(updates)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Register `listener`; return the function that removes it."""
        return self._near.listen(listener)

    async def start(self, ear: Ear) -> None:
        """Join, if the folder can be used."""
        self._ear = ear
        try:
            self._open()
        except (OSError, zmq.ZMQError) as error:
            _log.warning(
                "other processes on this data are not heard", folder=str(self._path), reason=str(error)
            )
            await self.stop()
            self._ear, self.leads = ear, True
            ear.leading()
            return
        self._look()
        self._looking = asyncio.create_task(self._look_often(), name="renown-bus")

    async def stop(self) -> None:
        """Leave."""
        if self._looking is not None:
            self._looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._looking
            self._looking = None
        for peer in list(self._peers.values()):
            self._put(peer, _Kind.BYE, b"")
            peer.close(linger=_FAREWELL)
        self._peers.clear()
        self._ear = None
        if self._inbox is not None:
            asyncio.get_running_loop().remove_reader(self._inbox.FD)
            self._inbox.close(linger=0)
            self._inbox = None
        with contextlib.suppress(OSError):
            self._folder.leave(self.node)
        if self._context is not None:
            context, self._context = self._context, None
            await asyncio.to_thread(context.term)

    def look(self, node: str) -> None:
        """Look now whether a node is still there."""
        if node in self._peers and self._folder.address(node) is None:
            self._part(node)
            self._try_to_lead()

    def send(self, message: bytes, to: str = "") -> None:
        """Send to one node, or to all others."""
        if not to:
            for peer in self._peers.values():
                self._put(peer, _Kind.MESSAGE, message)
        elif to in self._peers:
            self._put(self._peers[to], _Kind.MESSAGE, message)

    # The socket

    def _open(self) -> None:
        self._folder.open()
        self._context = zmq.Context()
        inbox = self._inbox = self._context.socket(zmq.PULL)
        inbox.rcvhwm = _QUEUED
        path = self._bind(inbox)
        path.chmod(0o600)
        self._address = f"ipc://{path}"
        asyncio.get_running_loop().add_reader(inbox.FD, self._readable)
        self._folder.enter(self.node, self._address)
        self.leads = False

    def _bind(self, inbox: zmq.Socket[bytes]) -> Path:
        path = self._folder.socket(self.node)
        try:
            inbox.bind(f"ipc://{path}")
        except zmq.ZMQError:
            # Some file systems hold no sockets.
            path = self._folder.far_socket(self.node)
            inbox.bind(f"ipc://{path}")
        return path

    def _put(self, peer: zmq.Socket[bytes], kind: bytes, message: bytes) -> None:
        # What is said to a node that does not take it is lost, as the promise has it.
        with contextlib.suppress(zmq.Again):
            peer.send_multipart((self._name, kind, message), zmq.NOBLOCK)

    def _readable(self) -> None:
        """Take what has come. The system tells only of the first of several: all must be taken."""
        for _ in range(_AT_ONCE):
            inbox = self._inbox
            if inbox is None:
                return
            try:
                parts = inbox.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            if len(parts) == 3:
                self._take(parts[0].decode(errors="replace"), parts[1], parts[2])
        asyncio.get_running_loop().call_soon(self._readable)

    def _take(self, sender: str, kind: bytes, message: bytes) -> None:
        if self._ear is None:
            return
        try:
            if kind == _Kind.MESSAGE:
                self._ear.heard(sender, message)
            elif kind == _Kind.HELLO:
                self._meet(sender, message.decode(errors="replace"))
            elif kind == _Kind.BYE:
                self._part(sender)
                self._try_to_lead()
        except Exception:
            _log.exception("a message of another process could not be taken")

    # The others

    async def _look_often(self) -> None:
        while True:
            await asyncio.sleep(_LOOK)
            try:
                self._look()
            except Exception:
                _log.exception("cannot look for other processes")

    def _look(self) -> None:
        """Find who came and who died; lead if nobody does."""
        for node in list(self._peers):
            if self._folder.address(node) is None:
                self._part(node)
        if self._folder.changed():
            for node, address in self._folder.others(self.node):
                self._meet(node, address)
        self._try_to_lead()

    def _try_to_lead(self) -> None:
        if not self.leads and self._folder.lead():
            self.leads = True
            if self._ear is not None:
                self._ear.leading()

    def _meet(self, node: str, address: str) -> None:
        if node in self._peers or node == self.node or self._context is None:
            return
        # One that said hello may be dead by now, and have been missed already.
        if self._folder.address(node) is None:
            return
        peer = self._context.socket(zmq.PUSH)
        peer.sndhwm = _QUEUED
        peer.connect(address)
        self._peers[node] = peer
        self._put(peer, _Kind.HELLO, self._address.encode())
        if self._ear is not None:
            self._ear.came(node)

    def _part(self, node: str) -> None:
        peer = self._peers.pop(node, None)
        if peer is not None:
            peer.close(linger=0)
            if self._ear is not None:
                self._ear.left(node)
