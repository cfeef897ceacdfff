"""The simulated marketplace: the same for the same seed, lively, and all of it accepted."""

from collections import Counter

from renown import scoring
from renown.policy import Policies
from renown.server.demo_market import DAYS, Marketplace

OPENED = 1_780_000_000.0


def test_the_same_seed_gives_the_same_history_and_another_one_another() -> None:
    one, same = list(Marketplace(7, OPENED).history()), list(Marketplace(7, OPENED).history())
    assert one == same
    assert one != list(Marketplace(8, OPENED).history())


def test_the_history_has_everything_in_order_and_every_event_means_something() -> None:
    policies = Policies.presets()
    events = list(Marketplace(7, OPENED).history())
    times = [event.occurred_at.timestamp() for event in events if event.occurred_at]
    assert times == sorted(times)
    assert times[0] > OPENED
    assert times[-1] < OPENED + DAYS * 86_400
    assert len({event.id for event in events}) == len(events)
    for event in events:
        scoring.interpret(policies.for_subject(event.subject), event)
    kinds = Counter(event.subject.partition(":")[0] for event in events)
    assert set(kinds) == {"seller", "product", "trader", "member"}
    types = Counter(event.type for event in events)
    assert min(types[name] for name in ("retract", "amend", "late_shipment", "fast_reply", "review")) > 5


def test_the_rising_star_rises_and_the_falling_one_falls() -> None:
    events = [e for e in Marketplace(7, OPENED).history() if e.type == "review" and e.value is not None]

    def mean(subject: str, *, late: bool) -> float:
        half = OPENED + DAYS * 43_200
        values = [
            e.value for e in events
            if e.subject == subject and e.value and e.occurred_at
            and (e.occurred_at.timestamp() > half) == late
        ]  # fmt: skip
        return sum(values) / len(values)

    assert mean("seller:rocket-records", late=True) > mean("seller:rocket-records", late=False) + 0.4
    assert mean("seller:bargain-bazaar", late=True) < mean("seller:bargain-bazaar", late=False) - 0.4
