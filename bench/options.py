"""What a run of the benches is asked to do."""

from dataclasses import dataclass

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """How long and how often to measure."""

    turn: float = 0.5
    """Seconds of one turn of a fan-out contestant; short, so that all meet the same weather."""
    rounds: int = 7
    """Turns of each contestant, interleaved; the median counts."""
    subscribers: tuple[int, ...] = (1000, 10_000)
    only: tuple[str, ...] = ()
    """Names of fan-out contestants to measure; all when empty."""
    seconds: float = 8.0
    """Length of one measurement of the other benches."""
    connections: int = 5000
    """Connections of the memory bench."""
