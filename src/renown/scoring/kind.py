"""What a policy needs to know of a whole kind: running means for priors, and the first raters."""

from collections.abc import Sequence

import msgspec

from renown.errors import PolicyError
from renown.model import Contribution
from renown.policy import Policy
from renown.scoring.aggregators.exact import units
from renown.scoring.plan import plan_of

__all__ = ["KindState", "decode_kind", "encode_kind", "kind_empty", "needs_kind_state", "observe"]

_ONE = units(1.0)


class KindState(msgspec.Struct, frozen=True, gc=False):
    """Running means per category and the first distinct raters of a kind."""

    means: dict[str, tuple[int, int]] = {}
    """Per category the count of contributions and their exact sum."""
    seeds: tuple[str, ...] = ()
    room: int = 0
    """How many seeds may still join."""

    def prior(self) -> dict[str, float]:
        """Return the running mean of each category that has had a contribution."""
        return {name: total / (count * _ONE) for name, (count, total) in self.means.items()}

    def is_seed(self, actor: str | None) -> bool:
        """Tell whether an actor who rates is a seed; the first raters become seeds by rating."""
        return actor is not None and (self.room > 0 or actor in self.seeds)


_DECODER = msgspec.json.Decoder(KindState)


def needs_kind_state(policy: Policy) -> bool:
    """Tell whether the policy looks at the whole kind."""
    return bool(plan_of(policy).running) or (policy.raters is not None and policy.raters.seeds > 0)


def kind_empty(policy: Policy) -> KindState:
    """Return what is known of a kind before its first event."""
    return KindState(room=policy.raters.seeds if policy.raters else 0)


def observe(
    policy: Policy, kind_state: KindState, actor: str | None, contributions: Sequence[Contribution]
) -> KindState:
    """Return what is known after one more event.

    Means are of values as given, without weights, and of everything ever contributed: taking back an event
    does not change what the kind was believed to be.
    """
    running, means = plan_of(policy).running, kind_state.means
    if running:
        means = means.copy()
        for contribution in contributions:
            name = contribution.category
            if name in running:
                count, total = means.get(name, (0, 0))
                means[name] = (count + 1, total + units(contribution.value))
    seeds, room = kind_state.seeds, kind_state.room
    if room and contributions and actor is not None and actor not in seeds:
        seeds, room = (*seeds, actor), room - 1
    return KindState(means, seeds, room)


def encode_kind(kind_state: KindState) -> bytes:
    """Return the kind's state as bytes."""
    return msgspec.json.encode(kind_state)


def decode_kind(policy: Policy, data: bytes) -> KindState:
    """Return the encoded state of a kind; raise `PolicyError` when it cannot be read."""
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise PolicyError(
            f"the state of the kind `{policy.kind}` cannot be read: {error}", code="state_mismatch"
        ) from None
