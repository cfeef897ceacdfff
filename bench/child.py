"""Child processes that take a line on stdin and answer with a line of JSON on stdout."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["Child", "free_port"]


def free_port() -> int:
    """Return a loopback TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Child:
    """A process of the bench's own, pinned to `cores` when given, ended with the bench."""

    def __init__(
        self,
        command: Sequence[str | Path],
        cores: Iterable[int] = (),
        environment: dict[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        pinned = set(cores)
        output = log.open("ab") if log else None
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            env={**os.environ, **(environment or {})},
            preexec_fn=(lambda: os.sched_setaffinity(0, pinned)) if pinned else None,  # noqa: PLW1509 no threads yet
        )
        if output:
            output.close()
        self.command = " ".join(str(part) for part in command)

    @property
    def pid(self) -> int:
        return self.process.pid

    def tell(self, line: str) -> None:
        """Send one line."""
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Wait for the next line; raise RuntimeError when the process has ended instead."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"ended with {self.process.wait()}: {self.command}")
        return json.loads(line)

    def ask(self, line: str) -> dict[str, Any]:
        """Send one line and wait for the answer."""
        self.tell(line)
        return self.hear()

    def stop(self) -> None:
        """Close stdin, which every child takes as its end; SIGTERM and SIGKILL for one that does not."""
        process = self.process
        if process.stdin:
            with suppress(BrokenPipeError):
                process.stdin.close()
        for how in (signal.SIGTERM, signal.SIGKILL):
            try:
                process.wait(timeout=3)
                break
            except subprocess.TimeoutExpired:
                process.send_signal(how)
        process.wait()
        if process.stdout:
            process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
