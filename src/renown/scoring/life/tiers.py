"""Tiers that last: entered and left at different points, after a while, on certain dates, by events."""

from math import floor, inf, nextafter
from typing import Final

import msgspec

from renown.policy import Policy, Tier, TierRules
from renown.scoring.life.calendar import DAY, Moments, moments_of, next_day, next_monday
from renown.scoring.life.conditions import figure, hold, lacking
from renown.scoring.life.state import TierState
from renown.scoring.reading import Reading

__all__ = ["Tiers"]

_PLAIN: Final = TierRules()
_with = msgspec.structs.replace


class Tiers:
    """The tiers of a policy made ready."""

    def __init__(self, policy: Policy, *, drifts: bool) -> None:
        """Take the tiers; `drifts` says whether scores change with time alone, all the time."""
        self.tiers = policy.tiers
        self.rules = policy.tier_rules or _PLAIN
        self.live = policy.tier_rules is not None or not all(tier.plain for tier in policy.tiers)
        """Whether there is anything to them but score and count now."""
        self.names = tuple(tier.name for tier in policy.tiers)
        self._index: dict[str | None, int] = {name: i for i, name in enumerate(self.names)}
        self._start = self.place(self.rules.start)
        self._drifts = drifts
        self._moments = moments_of(self.rules.cadence)
        self._on = {each.event: each for each in self.rules.on}
        self._lasting = tuple(i for i, tier in enumerate(self.tiers) if tier.dwell_days)
        self._dwells = {i: tier.dwell for i, tier in enumerate(self.tiers) if tier.dwell is not None}
        self._enter = tuple(_asked(tier, keep=False) for tier in self.tiers)
        self._leave = tuple(_asked(tier, keep=True) for tier in self.tiers)
        self.limits = (*self._enter, *self._leave)
        """Of score and count."""
        self.events = frozenset(self._on)
        """The types of events that set tiers."""
        lasts = any(tier.grace_days or tier.leave_after_days for tier in self.tiers)
        self._tracks = bool(self._lasting) or lasts
        self._timeless = self._moments is None and not self._tracks and not self._dwells
        """Whether time by itself changes nothing."""
        self._since_at = {tier: i for i, tier in enumerate(self._lasting)}
        self._bits_at = {tier: i for i, tier in enumerate(self._dwells)}
        self.empty = TierState(since=(None,) * len(self._lasting), bits=("0",) * len(self._dwells))

    def fits(self, state: TierState) -> bool:
        """Tell whether the state was made for these tiers."""
        sizes = len(state.since) == len(self._lasting) and len(state.bits) == len(self._dwells)
        return sizes and -1 <= state.tier < len(self.tiers)

    def name(self, state: TierState) -> str | None:
        """Return the tier's name."""
        return self.names[state.tier] if state.tier >= 0 else None

    def place(self, name: str | None) -> int:
        """Return a tier's place, -1 for none."""
        return self._index.get(name, -1)

    def asked(self, i: int, *, keep: bool) -> tuple[float, int]:
        """Return the least score, -inf for any, and the least count with which a tier is reached, or kept."""
        return (self._leave if keep else self._enter)[i]

    def noted(self, state: TierState, i: int) -> int:
        """Return in how many of the last weeks or days it was enough for a tier with `dwell`."""
        return int(state.bits[self._bits_at[i]], 16).bit_count()

    def lasting_since(self, state: TierState, i: int) -> float | None:
        """Return since when everything has held that a tier with `dwell_days` asks for."""
        return state.since[self._since_at[i]]

    def safe_until(self, state: TierState) -> float:
        """Return before when the tier is not lost, whatever happens, inf for ever; -inf when it may be."""
        if state.tier < 0:
            return -inf
        if state.pinned or self.tiers[state.tier].sticky:
            return inf
        return self._kept_until(state)

    def next_look(self, at: float) -> float | None:
        """Return when tiers are decided next after `at`; None where every event decides."""
        return None if self._moments is None else self._moments(nextafter(at, inf))

    def begin(self, at: float) -> TierState:
        """Return the state right before the first event."""
        return _with(self.empty, tier=self._start, risen=at if self._start >= 0 else None)

    def turned(
        self, state: TierState, at: float, reading: Reading, event: str | None
    ) -> tuple[TierState, str | None]:
        """Return the state after an event that counts, or after time (None), and why the tier changed."""
        if not self.live:
            place = self.place(reading.tier)
            if place == state.tier:
                return state, None
            return TierState(place), self._met(place, reading) if place > state.tier else self._missing(
                state.tier, reading
            )
        why: str | None = None
        set_by = self._on.get(event) if event is not None else None
        if set_by is not None:
            state, why = self._set(state, at, set_by.to, stays=set_by.stays, by=set_by.event)
        if event is None:
            state = self._noted(state, at, reading)
        state = self._tracked(state, at, reading)
        evaluates = self._moments is None or (event is None and self._moments(at) == at)
        if evaluates and not state.pinned and (set_by is None or set_by.to is None):
            new, because = self._evaluated(state, at, reading)
            if new is not state:
                return self._tracked(new, at, reading), because
        return state, why

    def rest(self, state: TierState, at: float, reading: Reading) -> bool:
        """Tell whether the state stays as it is with events that set no tier while the reading stays."""
        return self.turned(state, at, reading, "")[0] is state

    def due(self, state: TierState, at: float, reading: Reading) -> float | None:
        """Return the next moment at which a tier may change, or something is to be noted down."""
        if self._timeless:
            return None
        after = nextafter(at, inf)
        times: list[float] = []
        for i, dwell in self._dwells.items():
            if self._drifts or self._shifted(state, i, reading) != state.bits[self._bits_at[i]]:
                times.append(next_monday(after) if dwell.weeks is not None else next_day(after))
        if not state.pinned:
            pending = self._pending(state, at, reading)
            if self._moments is None:
                times += pending
            else:
                times += self._dates(self._moments, after, state, reading, pending)
        soonest = min(times, default=inf)
        return soonest if soonest < inf else None

    def _dates(
        self, moments: Moments, after: float, state: TierState, reading: Reading, pending: list[float]
    ) -> list[float]:
        first = moments(after)
        if self._drifts or self._evaluated(state, first, reading)[0] is not state:
            return [first]
        return [max(first, moments(time)) for time in pending]

    def _pending(self, state: TierState, at: float, reading: Reading) -> list[float]:
        """Return when what lasts will have lasted long enough."""
        times: list[float] = []
        for place, i in enumerate(self._lasting):
            since = state.since[place]
            if i > state.tier and since is not None:
                times.append(since + self.tiers[i].dwell_days * DAY)
        if state.tier >= 0 and not self._meets(state, state.tier, at, reading, keep=True):
            times.append(self._kept_until(state))
        return [time for time in times if time > at]

    def _kept_until(self, state: TierState) -> float:
        tier = self.tiers[state.tier]
        grace = -inf if state.risen is None else state.risen + tier.grace_days * DAY
        left = -inf if state.failing is None else state.failing + tier.leave_after_days * DAY
        return max(grace, left)

    def _set(
        self, state: TierState, at: float, name: str | None, *, stays: bool, by: str
    ) -> tuple[TierState, str]:
        if name is None:
            return _with(state, pinned=False), f"`{by}`"
        place = self.place(name)
        risen = at if place > state.tier else None if place < state.tier else state.risen
        return _with(state, tier=place, risen=risen, pinned=stays, failing=None), f"set by `{by}`"

    def _tracked(self, state: TierState, at: float, reading: Reading) -> TierState:
        """Note since when what lasts has lasted."""
        if not self._tracks:
            return state
        failing: float | None = None
        if state.tier >= 0 and self.tiers[state.tier].leave_after_days:
            fails = not self._meets(state, state.tier, at, reading, keep=True)
            failing = (at if state.failing is None else state.failing) if fails else None
        since = state.since
        if self._lasting:
            since = tuple(
                [
                    (at if before is None else before) if self._holds(i, reading, keep=False) else None
                    for i, before in zip(self._lasting, since, strict=True)
                ]
            )
        if failing == state.failing and since == state.since:
            return state
        return _with(state, failing=failing, since=since)

    def _noted(self, state: TierState, at: float, reading: Reading) -> TierState:
        """Note whether it is enough, if this is the moment."""
        if not self._dwells:
            return state
        bits = list(state.bits)
        for i in self._dwells:
            moment = next_monday(at) if self._dwells[i].weeks is not None else next_day(at)
            if moment == at:
                bits[self._bits_at[i]] = self._shifted(state, i, reading)
        return state if tuple(bits) == state.bits else _with(state, bits=tuple(bits))

    def _shifted(self, state: TierState, i: int, reading: Reading) -> str:
        bits = int(state.bits[self._bits_at[i]], 16) << 1
        enough = self._enough(i, reading, keep=i <= state.tier)
        return f"{(bits | enough) & ((1 << self._dwells[i].of) - 1):x}"

    def _evaluated(self, state: TierState, at: float, reading: Reading) -> tuple[TierState, str | None]:
        current, step = state.tier, self.rules.max_step or len(self.tiers) + 1
        for place in range(len(self.tiers) - 1, current, -1):
            if self._meets(state, place, at, reading, keep=False):
                risen = self._free(min(place, current + step), current, -1)
                if risen == current:
                    return state, None
                return _with(state, tier=risen, risen=at, failing=None), self._met(risen, reading, state)
        if current < 0 or self._meets(state, current, at, reading, keep=True):
            return state, None
        lowest = max((i for i in range(current + 1) if self.tiers[i].sticky), default=-1)
        if reading.provisional:
            lowest = max(lowest, min(self._start, current))
        if lowest == current or at < self._kept_until(state):
            return state, None
        below = range(current - 1, lowest, -1)
        keeps = (i for i in below if self._meets(state, i, at, reading, keep=True))
        fallen = self._free(max(next(keeps, lowest), current - step), lowest, -1)
        why = self._missing(current, reading, state)
        return _with(state, tier=fallen, risen=None, failing=None), why

    def _free(self, place: int, end: int, by: int) -> int:
        """Return the first place from `place` to `end` that is not for events alone."""
        while place != end and self.tiers[place].manual:
            place += by
        return place

    def _meets(self, state: TierState, i: int, at: float, reading: Reading, *, keep: bool) -> bool:
        tier = self.tiers[i]
        if tier.manual and not (keep and i == state.tier):
            return False
        if tier.dwell is not None:
            return self.noted(state, i) >= tier.dwell.need and self._also(tier, reading, keep=keep)
        if tier.dwell_days and not keep:
            since = self.lasting_since(state, i)
            return since is not None and at >= since + tier.dwell_days * DAY
        return self._holds(i, reading, keep=keep)

    def _holds(self, i: int, reading: Reading, *, keep: bool) -> bool:
        least, count = (self._leave if keep else self._enter)[i]
        if reading.provisional or reading.score < least or reading.count < count:
            return False
        return self._also(self.tiers[i], reading, keep=keep)

    def _also(self, tier: Tier, reading: Reading, *, keep: bool) -> bool:
        factor = tier.leave_factor if keep else 1.0
        return not tier.also_when or (not reading.provisional and hold(tier.also_when, reading, factor))

    def _enough(self, i: int, reading: Reading, *, keep: bool) -> bool:
        least, count = self.asked(i, keep=keep)
        return not reading.provisional and reading.score >= least and reading.count >= count

    def _met(self, place: int, reading: Reading, state: TierState | None = None) -> str:
        tier = self.tiers[place]
        if state is not None and tier.dwell is not None:
            noted = self.noted(state, place)
            unit = "weeks" if tier.dwell.weeks is not None else "days"
            return f"enough in {noted} of the last {tier.dwell.of} {unit}"
        lasted = f", for {figure(tier.dwell_days)} days" if tier.dwell_days else ""
        return f"the score is {figure(reading.score)} with {reading.count} contributions{lasted}"

    def _missing(self, place: int, reading: Reading, state: TierState | None = None) -> str:
        tier = self.tiers[place]
        least, count = self._leave[place]
        if reading.provisional:
            return "there is too little evidence to show a score"
        if state is not None and tier.dwell is not None:
            noted = self.noted(state, place)
            if noted < tier.dwell.need:
                unit = "weeks" if tier.dwell.weeks is not None else "days"
                return f"enough in {noted} of the last {tier.dwell.of} {unit}, less than {tier.dwell.need}"
        elif reading.score < least:
            return f"the score is {figure(reading.score)}, less than {figure(least)}"
        elif reading.count < count:
            return f"there are {reading.count} contributions of {count}"
        return lacking(tier.also_when, reading, tier.leave_factor) or "it is over"


def _asked(tier: Tier, *, keep: bool) -> tuple[float, int]:
    """Return the least score and count."""
    score = -inf if tier.min_score is None else tier.min_score
    if not keep:
        return score, tier.min_count
    least = score * tier.leave_factor if tier.leave_score is None and score != -inf else tier.leave_score
    count = floor(tier.min_count * tier.leave_factor) if tier.leave_count is None else tier.leave_count
    return (score if least is None else least), count
