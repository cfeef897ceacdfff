"""The real server as a child process, for tests that talk to it from outside."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

__all__ = ["RunningServer", "cli_key", "free_port"]


def free_port() -> int:
    """Return a loopback TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cli_key(data: Path, *scopes: str) -> str:
    """Return the secret of a new API key, made as an operator makes one."""
    options = [part for scope in scopes for part in ("--scope", scope)]
    command = [sys.executable, "-m", "renown.cli", "key", "create", "test", *options]
    made = subprocess.run(
        [*command, "--data", str(data), "--json"], capture_output=True, check=True, timeout=60
    )
    return str(json.loads(made.stdout)["secret"])


class RunningServer:
    """`renown serve` on a loopback port with its own data folder; restartable on the same port."""

    def __init__(self, data: Path, *arguments: str, dev: bool = True, port: int = 0) -> None:
        self.data = data
        self.port = port
        """0 until the first start: the server takes a free one itself, so that no two can pick the same."""
        self.arguments = [*(["--dev"] if dev else []), *arguments]
        self.process: subprocess.Popen[bytes] | None = None
        self.log = data / "server.log"

    @property
    def url(self) -> str:
        """Base address for HTTP."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def websocket(self) -> str:
        """Address of the WebSocket transport."""
        return f"ws://127.0.0.1:{self.port}/connection/websocket"

    def start(self) -> None:
        """Start the process and wait until it says it is ready."""
        if not self.data.is_file():
            self.data.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "renown.cli", "serve", "--data", str(self.data)]
        command += ["--port", str(self.port), *self.arguments]
        with self.log.open("ab") as log:
            start = log.tell()
            self.process = subprocess.Popen(
                command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=dict(os.environ)
            )
        self.port = self._wait_ready(self.process, start)

    def _wait_ready(self, process: subprocess.Popen[bytes], start: int) -> int:
        """Return the port that this very process says it is ready on, in its log after `start`."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with {process.returncode}:\n{self._tail()}")
            for line in self.log.read_bytes()[start:].splitlines(keepends=True):
                if line.startswith(b"{") and line.endswith(b"\n"):
                    record = json.loads(line)
                    if record["message"] == "ready":
                        return urlsplit(record["dashboard"]).port or 0
            time.sleep(0.05)
        raise RuntimeError(f"the server was not ready in 60 s:\n{self._tail()}")

    def _tail(self) -> str:
        return self.log.read_text()[-4000:]

    def kill(self) -> None:
        """`kill -9`."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; return the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        process = self.process
        if process is None:
            return 0
        process.send_signal(how)
        try:
            code = process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        self.process = None
        return code

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()
