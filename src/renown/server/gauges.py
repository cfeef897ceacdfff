"""Adds what the ledger and the gateway know of themselves to the metrics."""

from renown.api.metrics import Metrics
from renown.gateway import Gateway
from renown.ledger import Ledger

__all__ = ["watch"]


def watch(metrics: Metrics, ledger: Ledger, gateway: Gateway) -> None:
    """Let every scrape read the sizes of the ledger and the counts of the gateway."""
    metrics.gauge("renown_ledger_events", "Events in the ledger.", lambda: ledger.stats().events)
    metrics.gauge("renown_ledger_subjects", "Subjects with a standing.", lambda: ledger.stats().subjects)
    metrics.gauge("renown_ledger_queue", "Events that wait for the writer.", lambda: ledger.stats().queue)
    metrics.registry.register(gateway.metrics)
