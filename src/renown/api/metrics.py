"""Counts and durations for Prometheus."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from renown.model import Answer, Status, Update

__all__ = ["Metrics"]

_BATCHES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
_SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

_MOST_UNTOLD: Final = 1_000
"""Durations that may wait for being entered."""

_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Metrics:
    """The metrics of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = Counter(
            "renown_events", "Events answered, by what became of them.", ["status"], registry=self.registry
        )
        self._requests = Counter(
            "renown_http_requests", "HTTP requests answered.", ["method", "status"], registry=self.registry
        )
        self.commit_events = Histogram(
            "renown_commit_events", "Events applied by one commit.", buckets=_BATCHES, registry=self.registry
        )
        self.append_seconds = Histogram(
            "renown_append_seconds",
            "Time from handing a request's events to the ledger to their answers after the commit.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._statuses = {status: self.events.labels(status.value) for status in Status}
        # What each request adds to, without the locks of counters; they are told when somebody looks.
        self._answered = dict.fromkeys(Status, 0)
        self._responded: dict[tuple[str, int], int] = {}
        self._took: list[float] = []
        self.workers: Callable[[], Awaitable[Mapping[int, bytes]]] | None = None
        """Asks the other workers of this server for their expositions, by number; None: there are none."""
        self.worker = 0
        """The number of this process among the workers."""

    def answered(self, answers: Sequence[Answer], seconds: float | None = None) -> None:
        """Count the answers of one request or batch, and how long the ledger took for them."""
        answered = self._answered
        if len(answers) == 1:
            answered[answers[0].status] += 1
        else:
            given = [answer.status for answer in answers]
            for status in answered:
                answered[status] += given.count(status)
        if seconds is not None:
            self._took.append(seconds)
            if len(self._took) >= _MOST_UNTOLD:
                self._enter()

    def committed(self, updates: Sequence[Update]) -> None:
        """Count what one commit has applied; other processes count their own."""
        applied = sum([len(update.activity) for update in updates if update.at])
        if applied:
            self.commit_events.observe(applied)

    def responded(self, method: str, status: int) -> None:
        """Count one HTTP response."""
        # Methods come from outside: any that is not known counts as one, or labels grow without end.
        said = method if method in _METHODS else "other", status
        self._responded[said] = self._responded.get(said, 0) + 1

    def _enter(self) -> None:
        """Tell the counters what was counted."""
        for status, number in self._answered.items():
            self._statuses[status].inc(number)
        for (method, status), number in self._responded.items():
            self._requests.labels(method, str(status)).inc(number)
        for seconds in self._took:
            self.append_seconds.observe(seconds)
        self._answered = dict.fromkeys(Status, 0)
        self._responded.clear()
        self._took.clear()

    def gauge(self, name: str, about: str, read: Callable[[], float]) -> None:
        """Add a gauge whose value `read` returns at each scrape."""
        Gauge(name, about, registry=self.registry).set_function(read)

    async def exposition(self) -> tuple[bytes, str]:
        """Return the exposition and its content type; of all workers, each with its number as a label."""
        text, media = self.text()
        if self.workers is None:
            return text, media
        texts = {self.worker: text, **await self.workers()}
        return generate_latest(_Labelled(texts)), media

    def text(self) -> tuple[bytes, str]:
        """Return the exposition and its content type."""
        self._enter()
        return generate_latest(self.registry), CONTENT_TYPE_PLAIN_0_0_4


class _Labelled(Collector):
    """The families of several expositions, with the label `worker` in each sample."""

    def __init__(self, texts: Mapping[int, bytes]) -> None:
        self._texts = texts

    def collect(self) -> Iterable[Metric]:
        """Return the families, each once."""
        families: dict[str, Metric] = {}
        for worker, text in sorted(self._texts.items()):
            for found in text_string_to_metric_families(text.decode()):
                family = families.setdefault(
                    found.name, Metric(found.name, found.documentation, found.type, found.unit)
                )
                for sample in found.samples:
                    labels = {**sample.labels, "worker": str(worker)}
                    family.add_sample(sample.name, labels, sample.value)
        return families.values()
