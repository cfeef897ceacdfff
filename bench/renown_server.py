"""The real server, `renown serve --dev`, as a child process of a bench."""

import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from bench.child import free_port
from bench.loadgen import Subscriber
from bench.machine import family
from bench.native import OUT

__all__ = ["RenownServer", "subscriber"]


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


class RenownServer:
    """A server with a new data folder under `bench/out`, ready when entered."""

    def __init__(self, name: str, cores: Iterable[int] = ()) -> None:
        self.port = free_port()
        self.data = OUT / name
        self.log = OUT / f"{name}.log"
        self._cores = set(cores)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        shutil.rmtree(self.data, ignore_errors=True)
        OUT.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "renown.cli", "serve", "--dev", "--data", str(self.data)]
        command += ["--port", str(self.port)]
        pinned = self._cores
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=(lambda: os.sched_setaffinity(0, pinned)) if pinned else None,  # noqa: PLW1509 no threads
            )
        try:
            self._wait_ready(self._process)
        except BaseException:
            self._end()
            raise
        return self

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
