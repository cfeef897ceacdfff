"""The demo: a marketplace that keeps moving, told to the server through its own HTTP intake."""

import asyncio
import sys
import time
from collections import Counter
from random import Random
from typing import Final

import msgspec
import structlog

from renown.client import Renown
from renown.errors import RenownError
from renown.server.demo_market import DAYS, Marketplace
from renown.server.runtime import Companion, Running

__all__ = ["companion"]

_log = structlog.get_logger("renown.demo")
_SETTLED: Final = 1_000
"""With so many events in the ledger there is a history already."""


def companion(*, seed: int, rate: float) -> Companion:
    """Return what makes a server the demo.

    Args:
        seed: Another number, another course of things.
        rate: Events per second on average, once it runs live.

    """

    async def live(running: Running) -> None:
        # The client waits for answers, so it may not run on the loop that gives them.
        with Renown(running.url) as renown:
            if running.services.ledger.stats().events < _SETTLED:
                await asyncio.to_thread(_fill, renown, seed)
            _say(running)
            await _go_on(renown, seed, rate)

    return live


def _fill(renown: Renown, seed: int) -> None:
    """Tell the history of the last months."""
    began = time.monotonic()
    market = Marketplace(seed, time.time() - DAYS * 86_400 - 60)
    told: Counter[str] = Counter(answer.status.value for answer in renown.events(market.history()))
    _log.info(
        "history is in", events=told.total(), days=int(DAYS), seconds=round(time.monotonic() - began, 1)
    )


async def _go_on(renown: Renown, seed: int, rate: float) -> None:
    now = time.time()
    chance = Random(seed + int(now))  # noqa: S311 (a simulation)
    market = Marketplace(seed + int(now), now - DAYS * 86_400, run=f"-{int(now * 1000):x}")
    while True:
        await asyncio.sleep(chance.expovariate(rate))
        # No event may lie in the future of the server's clock.
        event = market.event(time.time())
        try:
            await asyncio.to_thread(renown.send, event)
        except RenownError as error:
            _log.warning("an event was turned down", reason=error.detail, event=msgspec.to_builtins(event))


def _say(running: Running) -> None:
    """Print the addresses last, where people look for them."""
    text = f"\n  Dashboard: {running.url}/\n\n  Stop with Ctrl+C.\n"
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
