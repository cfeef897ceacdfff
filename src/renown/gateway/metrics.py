"""What the gateway counts: plain integers on the hot path, read by Prometheus when it asks."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from renown.gateway.hub.channels import Address

__all__ = ["GatewayMetrics"]


class GatewayMetrics(Collector):
    """Counters since the start, and how much is open now."""

    def __init__(self) -> None:
        self.connections = 0
        """Open now."""
        self.connected = 0
        """Ever opened."""
        self.subscriptions = 0
        """Standing now."""
        self.channels = 0
        """Watched now."""
        self.publications = 0
        """Sent to a channel, each once however many watch it."""
        self.deliveries = 0
        """Publications written to connections."""
        self.conflated = 0
        """States replaced by a newer one before their channel spoke."""
        self.dropped = 0
        """Publications of newest-state channels not written to slow connections."""
        self.subscriptions_in: Counter[str] = Counter()
        """Standing now, by namespace."""
        self.publications_in: Counter[str] = Counter()
        """Sent, by namespace."""
        self.messages = 0
        """Received from clients."""
        self.closes: Counter[int] = Counter()
        """Connections ended by the server, by close code."""

    def subscribed(self, address: Address, change: int) -> None:
        """Count subscriptions that were made, or are gone."""
        self.subscriptions += change
        self.subscriptions_in[address.namespace] += change

    def published(self, address: Address, count: int) -> None:
        """Count publications sent to a channel."""
        self.publications += count
        self.publications_in[address.namespace] += count

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers in Prometheus' form."""
        for name, what in (
            ("connections", "Open connections."),
            ("subscriptions", "Standing subscriptions."),
            ("channels", "Channels with watchers."),
        ):
            yield GaugeMetricFamily(f"renown_gateway_{name}", what, getattr(self, name))
        for name, what in (
            ("connected", "Connections opened."),
            ("publications", "Publications sent, each counted once."),
            ("deliveries", "Publications written to connections."),
            ("conflated", "States replaced by a newer one before their channel spoke."),
            ("dropped", "Publications not written to slow connections."),
            ("messages", "Messages received from clients."),
        ):
            yield CounterMetricFamily(f"renown_gateway_{name}", what, getattr(self, name))
        closes = CounterMetricFamily(
            "renown_gateway_closes", "Connections ended by the server.", labels=["code"]
        )
        for code, number in sorted(self.closes.items()):
            closes.add_metric([str(code)], number)
        yield closes
