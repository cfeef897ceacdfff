"""Counts and durations for Prometheus."""

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from renown.model import Answer

__all__ = ["Metrics"]

_BATCHES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
_SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """The metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "renown_events", "Events answered, by what became of them.", ["status"], registry=self.registry
        )
        self.requests = Counter(
            "renown_http_requests", "HTTP requests, by method and status.", ["method", "status"],
            registry=self.registry,
        )  # fmt: skip
        self.commit_events = Histogram(
            "renown_commit_events", "Events per commit.", buckets=_BATCHES, registry=self.registry
        )
        self.commit_seconds = Histogram(
            "renown_commit_seconds", "Duration of a commit in seconds.", buckets=_SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self._counted = {
            status: self.events.labels(status) for status in ("applied", "duplicate", "rejected")
        }

    def answered(self, answers: Iterable[Answer]) -> None:
        """Count the answers of one request or batch."""
        tally: dict[str, int] = {}
        for answer in answers:
            tally[answer.status.value] = tally.get(answer.status.value, 0) + 1
        for status, number in tally.items():
            self.events.labels(status).inc(number)

    def gauge(self, name: str, about: str, read: Callable[[], float]) -> None:
        """Add a gauge whose value `read` returns at each scrape."""
        Gauge(name, about, registry=self.registry).set_function(read)

    def text(self) -> tuple[bytes, str]:
        """Return the exposition and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_PLAIN_0_0_4
