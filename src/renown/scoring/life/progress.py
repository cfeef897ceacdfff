"""How far a subject is from each tier: what it has and what it needs, part by part."""

from collections.abc import Iterator
from math import inf
from typing import Final, Literal

import msgspec

from renown.model import YEAR_10000, timestamp
from renown.policy import Condition, Policy, Tier
from renown.scoring.life.calendar import DAY
from renown.scoring.life.conditions import part_of
from renown.scoring.life.plan import life_plan_of
from renown.scoring.life.state import Life, TierState
from renown.scoring.life.tiers import Tiers
from renown.scoring.reading import Reading

__all__ = ["Need", "Progress", "TierStep", "progress"]

What = Literal["evidence", "score", "count", "weeks", "days", "lasting", "event"]
_OVERALL: Final = "overall"


class Need(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a tier asks for, beside what there is of it."""

    what: What
    """`score`, or `count` of contributions; `weeks` or `days` that were enough, `of` the last ones;
    `lasting`: days without a break; `event`: somebody gives it; `evidence`: contributions to show a score."""
    have: float
    need: float
    met: bool
    part: str | None = None
    """The category whose score or count is meant; the whole when absent."""
    at_most: bool = False
    """`need` is the most that is allowed."""
    of: int | None = None
    """How many of the last weeks or days are looked at."""


class TierStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """One tier: what is missing to it; of the one that is held, what it takes to keep it."""

    name: str
    title: str
    reached: bool
    """It, or one above it, is held."""
    held: bool = False
    needs: tuple[Need, ...] = ()
    """Of tiers below the one that is held nothing is needed."""


class Progress(msgspec.Struct, frozen=True):
    """All tiers of a policy, the lowest first, and when they are looked at."""

    tier: str | None
    steps: tuple[TierStep, ...]
    set_by_event: bool = False
    """An event has set the tier, and it stays until another one does."""
    next_look: str | None = None
    """When tiers are decided next, where that is on dates; otherwise with every event."""
    safe_until: str | None = None
    """The tier that is held is not lost before then, whatever happens."""


def progress(policy: Policy, life: Life | None, reading: Reading, at: float) -> Progress | None:
    """Return how far a subject is from each tier at `at`; None under a policy without tiers.

    `life` is the subject's, None of one without a life: then the reading says which tier it has.
    """
    tiers = life_plan_of(policy).tiers
    if not tiers.tiers:
        return None
    state = TierState(tiers.place(reading.tier)) if life is None or not tiers.live else life.tiers
    look = tiers.next_look(at)
    safe = tiers.safe_until(state)
    seen = _Seen(policy, tiers, state, reading, at)
    return Progress(
        tiers.name(state),
        tuple([seen.step(i) for i in range(len(tiers.tiers))]),
        state.pinned,
        None if look is None or look >= YEAR_10000 else timestamp(look),
        timestamp(safe) if at < safe < inf else None,
    )


class _Seen(msgspec.Struct, frozen=True):
    """A subject's tiers at a time."""

    policy: Policy
    tiers: Tiers
    state: TierState
    reading: Reading
    at: float

    def step(self, i: int) -> TierStep:
        tier, held = self.tiers.tiers[i], i == self.state.tier
        needs = () if i < self.state.tier else tuple(self._needs(i, tier, keep=held))
        return TierStep(tier.name, tier.title or tier.name, i <= self.state.tier, held, needs)

    def _needs(self, i: int, tier: Tier, *, keep: bool) -> Iterator[Need]:
        if keep and tier.sticky:
            return
        if tier.manual:
            yield Need("event", float(keep), 1.0, keep)
            if not keep:
                return
        yield from self._evidence()
        reading = self.reading
        score, count = self.tiers.asked(i, keep=keep)
        if score != -inf:
            yield Need("score", reading.score, score, reading.score >= score)
        if count > 0:
            yield Need("count", reading.count, count, reading.count >= count)
        for each in tier.also_when:
            yield from self._part(each, tier.leave_factor if keep else 1.0)
        if tier.dwell is not None:
            noted, of = self.tiers.noted(self.state, i), tier.dwell.of
            unit: What = "days" if tier.dwell.weeks is None else "weeks"
            yield Need(unit, noted, tier.dwell.need, noted >= tier.dwell.need, of=of)
        elif tier.dwell_days and not keep:
            since = self.tiers.lasting_since(self.state, i)
            days = 0.0 if since is None else max(0.0, self.at - since) / DAY
            yield Need("lasting", days, tier.dwell_days, days >= tier.dwell_days)

    def _evidence(self) -> Iterator[Need]:
        if self.reading.provisional:
            yield Need("evidence", self.reading.count, self.policy.evidence.min_count, met=False)

    def _part(self, asked: Condition, factor: float) -> Iterator[Need]:
        score, count = part_of(self.reading, asked.part)
        part = None if asked.part == _OVERALL else asked.part
        if asked.at_least is not None:
            least = asked.at_least * factor
            yield Need("score", score, least, score >= least, part)
        if asked.at_most is not None:
            most = asked.at_most / factor
            yield Need("score", score, most, score <= most, part, at_most=True)
        if asked.min_count:
            least = asked.min_count * factor
            yield Need("count", count, least, count >= least, part)
