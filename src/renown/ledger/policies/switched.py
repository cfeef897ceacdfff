"""What is told of a subject that was folded under other rules than those in force now."""

from typing import Any, Final

import msgspec

from renown import scoring
from renown.ledger.folding.replay import Replay
from renown.model import Event, Standing, instant
from renown.policy import Policy
from renown.stores import StandingRow

__all__ = ["shown", "switch_event"]

_standing: Final = msgspec.json.Decoder(Standing)


def shown(standing: Standing) -> dict[str, Any]:
    """Return what people see of a standing, without which version it is and what made it."""
    fields = msgspec.structs.asdict(standing)
    for name in ("version", "updated_at", "cause"):
        fields.pop(name)
    return fields


def switch_event(
    policy: Policy, before: StandingRow, made: Replay, now: float, prior: dict[str, float]
) -> Event | None:
    """Return the event by which watchers learn that new rules show something else; None if they do not.

    Both standings are compared as of the subject's newest event. The event is of the time `now`, and what it
    tells of the score is what is shown then; `prior` is what is believed of the kind then.
    """
    old, new = _standing.decode(before.view), _standing.decode(made.standing.view)
    if shown(old) == shown(new):
        return None
    at = max(now, made.folded.at)
    after = scoring.score(policy, made.folded.state, at, prior)
    data: dict[str, Any] = {
        "policy": policy.name,
        "from": before.policy_version,
        "to": policy.version,
        "before": before.score,
        "after": after,
    }
    if old.tier != new.tier:
        data["tiers"] = [old.tier, new.tier]
    return Event(
        scoring.POLICY,
        before.subject,
        f"{scoring.POLICY}/{before.subject}/{policy.version}",
        occurred_at=instant(at),
        data=data,
    )
