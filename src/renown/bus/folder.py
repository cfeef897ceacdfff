"""The folder in which the processes of one machine find each other.

Each node has a file there that holds its address. It keeps the file locked for as long as its process lives,
and the system gives the lock back however that ends: a file that can be locked is that of a dead process.
"""

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Final

__all__ = ["LONGEST_ADDRESS", "NodeFolder"]

LONGEST_ADDRESS: Final = 100
"""Bytes of a socket's path. Systems take 103 to 107."""
_NODE: Final = ".node"
_SOCKET: Final = ".ipc"
_DRAFT: Final = ".new"


class NodeFolder:
    """Who is there, and who leads. All of it is for the owner only."""

    def __init__(self, path: Path) -> None:
        """Use the folder `path`, made by `open`."""
        self._path = path
        self._own: int | None = None
        self._socket: Path | None = None
        self._lead: int | None = None
        self._seen = 0

    def open(self) -> None:
        """Make the folder. Raises `OSError` when it cannot be made or belongs to somebody else."""
        _private(self._path)

    def socket(self, node: str) -> Path:
        """Return where the socket of a node is to be: here, or where paths are shorter."""
        path = self._path.absolute() / f"{node}{_SOCKET}"
        return path if len(os.fsencode(path)) <= LONGEST_ADDRESS else self.far_socket(node)

    def far_socket(self, node: str) -> Path:
        """Return a place for a node's socket where this folder can hold none; raises `OSError`."""
        folder = self._far()
        _private(folder)
        return folder / f"{node}{_SOCKET}"

    def _far(self) -> Path:
        name = blake2b(os.fsencode(self._path.resolve()), digest_size=6).hexdigest()
        return Path(tempfile.gettempdir()) / f"renown-{os.getuid()}-{name}"

    def enter(self, node: str, address: str) -> None:
        """Be there as `node` until `leave`."""
        # Under another name until it is locked and whole: unlocked it would count as a dead one's.
        draft = self._path / f"{node}{_DRAFT}"
        self._own = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(self._own, address.encode())
        self._socket = _path(address)
        draft.rename(self._path / f"{node}{_NODE}")

    def leave(self, node: str) -> None:
        """Be there no more, and lead no more; the socket is closed already."""
        for path in (self._path / f"{node}{_NODE}", self._path / f"{node}{_DRAFT}", self._socket):
            if path is not None:
                path.unlink(missing_ok=True)
        for held in (self._own, self._lead):
            if held is not None:
                os.close(held)
        self._own = self._lead = None
        with contextlib.suppress(OSError):
            # The last one to go takes it away.
            self._far().rmdir()

    def lead(self) -> bool:
        """Lead if nobody does; tell whether this node leads now."""
        if self._lead is None:
            held = os.open(self._path / "leader", os.O_RDWR | os.O_CREAT, 0o600)
            if not _lock(held, fcntl.LOCK_EX):
                os.close(held)
                return False
            self._lead = held
        return True

    def changed(self) -> bool:
        """Tell whether somebody came or went since it was asked last, or may have."""
        seen, self._seen = self._seen, self._path.stat().st_mtime_ns
        return seen != self._seen

    def others(self, node: str) -> Iterator[tuple[str, str]]:
        """Return the living nodes other than `node`, with their addresses; clear up after the dead."""
        for entry in sorted(self._path.glob(f"*{_NODE}")):
            if entry.stem != node and (address := self.address(entry.stem)) is not None:
                yield entry.stem, address

    def address(self, node: str) -> str | None:
        """Return a living node's address; None: it is dead, and cleared up after."""
        path = self._path / f"{node}{_NODE}"
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            address = os.read(file, 4_096).decode(errors="replace")
            # Shared: two that look at the same time must not take each other for the owner.
            if not _lock(file, fcntl.LOCK_SH):
                return address
            path.unlink(missing_ok=True)
            socket = _path(address)
            if socket.name == f"{node}{_SOCKET}":
                socket.unlink(missing_ok=True)
            return None
        finally:
            os.close(file)


def _path(address: str) -> Path:
    return Path(address.removeprefix("ipc://"))


def _lock(file: int, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _private(folder: Path) -> None:
    """Make a folder that its owner alone may enter; raise `OSError` when it is somebody else's."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{folder} is not a folder of this user's")
    if stat.S_IMODE(found.st_mode) != 0o700:
        folder.chmod(0o700)
