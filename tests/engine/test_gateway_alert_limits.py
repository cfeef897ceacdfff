"""Alerts that are too many for one channel are told together, as so many more."""

from pathlib import Path

import pytest

from renown.errors import PolicyError
from renown.gateway.alert_limits import Limits
from renown.model import Alarm, Change, Event
from renown.policy import Alert, AlertWhen, Policies, load
from tests.engine import test_gateway_alerts
from tests.engine.ledger_kit import applied, moment
from tests.engine.test_gateway_alerts import SYSTEMS, opened, serving, told

LIMITED = (
    SYSTEMS
    + """
[alert_limits]
most = 2
minutes = 60
"""
)
HOUR = 3_600.0


class Hands:
    def __init__(self) -> None:
        self.now = 1_000 * HOUR

    def __call__(self) -> float:
        return self.now


def alarm(subject: str, version: int, after: str = "fired") -> Alarm:
    return Alarm(f"system:{subject}", version, version, 0.0, Change("alert", "quiet", None, after))


QUIET = Alert("quiet", AlertWhen(score_below=60.0), severity="warning")
LOW = Alert("quiet", AlertWhen(score_below=60.0), severity="critical")


def limits(hands: Hands) -> Limits:
    return Limits(Policies([load(LIMITED, "systems")]), hands)


def asked(
    found: Limits, subject: str, version: int, after: str = "fired", channel: str = "alerts:all"
) -> bool:
    return found.admits(channel, alarm(subject, version, after), QUIET, f"{subject}:{version}:{after}")


def test_each_channel_is_told_so_many_and_then_how_many_more() -> None:
    hands = Hands()
    found = limits(hands)
    assert [asked(found, f"s{n}", 1) for n in range(5)] == [True, True, False, False, False]
    assert [asked(found, f"s{n}", 1) for n in range(5)] == [True, True, False, False, False], "asked again"
    assert asked(found, "s9", 1, channel="user:ana")
    assert found.due == HOUR
    assert found.over() == []
    hands.now += HOUR
    assert found.due == 0
    ((channel, data, _),) = found.over()
    assert channel == "alerts:all"
    assert b'"more":3,"alerts":{"quiet":3}' in data
    assert found.due is None
    assert asked(found, "s1", 2)


def test_what_was_not_told_clears_without_a_word() -> None:
    found = limits(Hands())
    assert [asked(found, name, 1) for name in "abc"] == [True, True, False]
    assert [asked(found, name, 2, "cleared") for name in "abc"] == [True, True, False]


def test_the_worst_is_always_told() -> None:
    found = limits(Hands())
    assert all(found.admits("alerts:all", alarm(f"s{n}", 1), LOW, f"s{n}") for n in range(9))
    assert asked(found, "a", 1)


@pytest.mark.parametrize("key, text", [("most", "most = 0"), ("minutes", "most = 1\nminutes = 0.5")])
def test_limits_that_cannot_be_meant(key: str, text: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load(f"{SYSTEMS}\n[alert_limits]\n{text}")
    assert refused.value.field == f"alert_limits.{key}"


async def test_watchers_and_owners_are_told_the_rest_when_the_process_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies = Policies([load(LIMITED.replace("minutes = 60", "minutes = 10080"), "systems")])
    monkeypatch.setattr(test_gateway_alerts, "policies", lambda: policies)
    async with opened(tmp_path) as ledger, serving(ledger) as gateway:
        for n in range(5):
            event = Event("checked", f"system:{n}", f"c{n}", value=50.0, occurred_at=moment(n))
            applied(await ledger.append([event]))
        assert len(await told(gateway, "alerts:system", 5 + 2)) == 7
        await gateway.stop()
        said = await told(gateway, "alerts:system", 8)
        assert [each["alert"] for each in said[:-1]].count("low") == 5, "critical ones, all"
        assert said[-1]["type"] == "alerts_more"
        assert (said[-1]["more"], said[-1]["alerts"]) == (3, {"quiet": 3})
