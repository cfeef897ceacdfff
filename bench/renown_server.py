"""The real server, `renown serve --dev`, as a child process of a bench."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from bench.child import free_port
from bench.loadgen import Subscriber
from bench.machine import family
from bench.native import OUT
from renown.protocol.wire import client_pb2

__all__ = ["RenownServer", "protobuf_subscriber", "subscriber"]


def subscriber(channel: str, stamp: str | None = None) -> Subscriber:
    """A client of the gateway that connects and subscribes to one channel in its first frame."""
    hello = f'{{"id":1,"connect":{{}}}}\n{{"id":2,"subscribe":{{"channel":"{channel}"}}}}'
    return Subscriber(
        path="/connection/websocket",
        hello=hello,
        ready='"subscribe":{',
        ping="{}",
        pong="{}",
        marker='"pub":{',
        stamp=stamp,
    )


def protobuf_subscriber(channel: str, stamp: str | None = None) -> Subscriber:
    """The same in Protobuf; publications are counted by the channel's name."""
    commands = (
        client_pb2.Command(id=1, connect=client_pb2.ConnectRequest()),
        client_pb2.Command(id=2, subscribe=client_pb2.SubscribeRequest(channel=channel)),
    )
    hello = b"".join(bytes([len(said)]) + said for said in (c.SerializeToString() for c in commands))
    return Subscriber(
        path="/connection/websocket?cf_protocol=protobuf",
        hello=hello.hex(),
        ready=_SECOND_REPLY,
        ping="00",
        pong="00",
        marker=channel.encode().hex(),
        stamp=stamp,
        binary=True,
    )


_SECOND_REPLY = client_pb2.Reply(id=2).SerializeToString().hex()
"""How the reply to the second command begins, the subscription."""


class RenownServer:
    """A server with a new data folder under `bench/out`, ready when entered; restartable on its port."""

    def __init__(
        self,
        name: str,
        cores: Iterable[int] = (),
        *,
        config: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """`config` is the text of a settings file."""
        self.port = free_port()
        self.data = OUT / name
        self.log = OUT / f"{name}.log"
        self._config = OUT / f"{name}.toml"
        self._settings = config
        self._cores = set(cores)
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        shutil.rmtree(self.data, ignore_errors=True)
        OUT.mkdir(exist_ok=True)
        self.log.write_bytes(b"")
        self.start()
        return self

    def start(self) -> None:
        """Start a process on the data as it is, and wait until it is ready."""
        process = self.launch()
        try:
            self._wait_ready(process)
        except BaseException:
            self._end()
            raise

    def launch(self) -> subprocess.Popen[bytes]:
        """Start a process on the data as it is."""
        command = [sys.executable, "-m", "renown.cli", "serve", "--dev", "--data", str(self.data)]
        command += ["--port", str(self.port)]
        if self._settings:
            self._config.write_text(self._settings)
            command += ["--config", str(self._config)]
        pinned = self._cores
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                preexec_fn=(lambda: os.sched_setaffinity(0, pinned)) if pinned else None,  # noqa: PLW1509 no threads
            )
        return self._process

    def kill(self) -> None:
        """`kill -9`."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def terminate(self) -> None:
        """SIGTERM; returns when the process is gone."""
        self._end()

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(600):
            if process.poll() is not None:
                break
            try:
                self.get("/health/ready")
            except (OSError, urllib.error.URLError):
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"renown serve is not ready:\n{self.log.read_text()[-2000:]}")

    @property
    def pids(self) -> list[int]:
        """The server's processes."""
        assert self._process
        return family(self._process.pid)

    def get(self, path: str) -> str:
        """The body of a GET."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return answer.read().decode()

    def metrics(self) -> dict[str, float]:
        """The plain samples of /metrics by name, labels included."""
        lines = (line for line in self.get("/metrics").splitlines() if line and line[0] != "#")
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    def _end(self) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
