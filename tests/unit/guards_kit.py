"""Guards tried without a ledger: a subject's memory, and what lies outside it told by hand."""

from typing import Any

from renown import scoring
from renown.model import Event
from renown.policy import Policy, load
from renown.scoring.guards import (
    Facts,
    Guards,
    Verdict,
    begin_guards,
    decode_guards,
    encode_guards,
    judge,
    seen,
)

_NONE = Facts()
__all__ = ["DAY", "HOUR", "Watched", "guarded"]

DAY, HOUR = 86_400.0, 3_600.0
_POLICY = """
name = "shop"
kind = "shop"
version = 1
title = "Shop"
[scale]
min = 1
max = 5
[score]
method = "mean"
[rules.review]
allow_self = true
[rules.visit]
value = 3
"""


def guarded(*guards: str) -> Policy:
    """Return a policy of one to five stars with these guards."""
    return load(_POLICY + "".join(f"\n[[guards]]\n{guard}\n" for guard in guards), "guarded")


class Watched:
    """One subject under a policy. Its memory is written and read again after every event."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.guards: Guards = begin_guards(policy)
        self.largest = 0

    def tell(
        self,
        value: float | None,
        day: float,
        *,
        actor: str | None = "buyer:1",
        type: str = "review",  # noqa: A002 - it is the event's own word
        ref: str | None = None,
        data: dict[str, Any] | None = None,
        facts: Facts = _NONE,
    ) -> Verdict:
        """Send an event and return what was said of it."""
        event = Event(type, "shop:1", actor=actor, ref=ref, value=value, data=data)
        effect = scoring.interpret(self.policy, event)
        at = day * DAY
        verdict = judge(self.policy, self.guards, event, effect, facts=facts, at=at)
        guards = seen(self.policy, self.guards, event, effect, facts=facts, at=at, verdict=verdict)
        stored = encode_guards(guards)
        self.largest = max(self.largest, len(stored))
        self.guards = decode_guards(self.policy, stored)
        assert self.guards == guards
        return verdict
