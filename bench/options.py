"""What a run of the benches is asked to do."""

from dataclasses import dataclass

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """How long and how often to measure."""

    seconds: float = 2.0
    """Length of one measurement."""
    rounds: int = 3
    """How often each contestant has its turn; the turns are interleaved and the median counts."""
    subscribers: tuple[int, ...] = (1000, 5000)
    only: tuple[str, ...] = ()
    """Names of fan-out contestants to measure; all when empty."""
