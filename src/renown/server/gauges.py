"""Adds what the ledger, the gateway and other processes know of themselves to the metrics and figures."""

import asyncio
import os
import time
from collections.abc import Mapping

from renown import __version__
from renown.api.metrics import Metrics
from renown.gateway import Gateway
from renown.gateway.course import Course
from renown.gateway.nodes.courses import SharedCourse
from renown.gateway.nodes.figures import Gathering, figures_of
from renown.gateway.nodes.messages import Measure, Measured, Process
from renown.gateway.nodes.nodes import Nodes
from renown.ledger import Ledger

__all__ = ["gather", "share", "watch"]


def watch(metrics: Metrics, ledger: Ledger, gateway: Gateway) -> None:
    """Let every scrape read the sizes of the ledger and the counts of the gateway."""
    metrics.gauge("renown_ledger_events", "Events in the ledger.", lambda: ledger.stats().events)
    metrics.gauge("renown_ledger_subjects", "Subjects with a standing.", lambda: ledger.stats().subjects)
    metrics.gauge("renown_ledger_queue", "Events that wait for the writer.", lambda: ledger.stats().queue)
    metrics.gauge("renown_nodes", "Other processes on the same data.", lambda: len(gateway.nodes.others))
    metrics.registry.register(gateway.metrics)


def share(metrics: Metrics, nodes: Nodes, number: int, group: str) -> None:
    """Let each worker of a group tell the metrics of all. `number`: of this one."""

    async def measure(_node: str, asked: Measure) -> Measured:
        return Measured(number, metrics.text()[0]) if asked.group == group else Measured(0, b"")

    async def others() -> Mapping[int, bytes]:
        asking = (nodes.ask(node, Measure(group)) for node in nodes.others)
        answers = await asyncio.gather(*asking, return_exceptions=True)
        # What cannot be had of one is no reason to tell nothing of the others.
        return {each.worker: each.text for each in answers if isinstance(each, Measured) and each.worker}

    metrics.worker = number
    metrics.workers = others
    nodes.answer(Measure, measure)


def gather(gateway: Gateway, worker: int) -> tuple[Course, Gathering]:
    """Have this process know what all have counted, now and in the last minutes; call it before the start.

    `worker`: the number of this one among the workers of a server, or 0.
    """
    course = Course(gateway.metrics, time.time, gateway.node)
    SharedCourse(gateway.nodes, course)

    def own() -> Process:
        slow = sum(client.paused for client in gateway.clients())
        figures = figures_of(gateway.metrics, course.latencies, slow)
        return Process(__version__, os.getpid(), worker, gateway.uptime, gateway.draining, figures)

    return course, Gathering(gateway.nodes, own, gateway.clock)
