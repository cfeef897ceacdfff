"""The producer of events (native/poster.c) as the benches use it."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.native import build

__all__ = ["Posted", "post", "review"]


@dataclass(frozen=True)
class Posted:
    """What became of a producer's events."""

    seconds: float
    sent: int
    applied: int
    rejected: int
    failed: int
    late: int
    """Paced posts for which no connection was idle at their instant."""
    bytes: int
    cpu: float
    """CPU seconds of the producer."""
    p50_ms: float
    p99_ms: float
    started: int

    @property
    def rate(self) -> float:
        """Applied events per second, to the last answer."""
        return self.applied / self.seconds

    @property
    def share(self) -> float:
        """Share of a core that the producer used."""
        return self.cpu / self.seconds


def review(run: str, subject: str = "seller:{s}") -> str:
    """A seller's review as the producer's template; `run` keeps ids of several runs apart."""
    return f'{{"id":"{run}-{{n}}","type":"review","subject":"{subject}","actor":"buyer:{{n}}","value":{{v}}}}'


def post(
    port: int,
    template: str,
    core: int,
    *,
    mode: str = "single",
    connections: int = 1,
    seconds: float = 1.0,
    rate: float = 0,
    subjects: int = 1000,
    events: int | None = None,
    record: Path | None = None,
    path: str | None = None,
) -> Posted:
    """Run a producer on one core to its end; raise RuntimeError when an event was not applied.

    With `path` other things than events are posted, one by one.
    """
    command: list[str | Path] = [build("poster"), "--port", str(port), "--template", template, "--mode", mode]
    command += ["--connections", str(connections), "--seconds", str(seconds), "--rate", str(rate)]
    command += ["--subjects", str(subjects)]
    if events is not None:
        command += ["--events", str(events)]
    if path:
        command += ["--path", path]
    if record:
        command += ["--record", record]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    if done.returncode:
        raise RuntimeError(f"the producer failed: {done.stderr.strip()[-1000:]}")
    posted = Posted(**json.loads(done.stdout))
    if posted.applied != posted.sent:
        raise RuntimeError(
            f"{posted.applied} of {posted.sent} events were applied: {done.stderr.strip()[-1000:]}"
        )
    return posted
