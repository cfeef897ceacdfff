"""Badges: given once, again and again, by level, or only as long as they are deserved."""

from typing import cast

from renown.model import Change, Event
from renown.policy import Badge, Policy
from renown.scoring.life.conditions import figure, hold, lacking, part_of
from renown.scoring.life.state import BadgeState, Happening
from renown.scoring.matching import all_of
from renown.scoring.reading import Reading

__all__ = ["Badges", "stand_still"]

_NONE = BadgeState()


class Badges:
    """The badges of a policy made ready."""

    def __init__(self, policy: Policy) -> None:
        self._badges = policy.badges
        self._tiers = {tier.name: i for i, tier in enumerate(policy.tiers)}
        self._fits = [all_of(badge.data) if badge.data else None for badge in policy.badges]
        self.empty = (_NONE,) * len(policy.badges)
        self.counting: dict[str, tuple[int, ...]] = {
            type_: tuple(i for i, badge in enumerate(policy.badges) if badge.event == type_)
            for type_ in {badge.event for badge in policy.badges if badge.event is not None}
        }
        """By type of event the places of the badges that count it."""

    def fits(self, states: tuple[BadgeState, ...]) -> bool:
        """Tell whether the states were made for these badges."""
        if len(states) != len(self._badges):
            return False
        return all(
            0 <= state.has <= (len(badge.levels) or (state.has if badge.repeatable else 1))
            for badge, state in zip(self._badges, states, strict=True)
        )

    def shown(self, states: tuple[BadgeState, ...]) -> tuple[str, ...]:
        """Return the badges as standings show them."""
        pairs = zip(self._badges, states, strict=True)
        return tuple(_shown(badge, state.has) for badge, state in pairs if state.has)

    def shown_at(self, place: int, states: tuple[BadgeState, ...]) -> str | None:
        """Return one badge as standings show it, None while it is not given."""
        has = states[place].has
        return _shown(self._badges[place], has) if has else None

    def turned(
        self,
        states: tuple[BadgeState, ...],
        reading: Reading,
        tier: int,
        event: Happening | None,
        changes: list[Change],
    ) -> tuple[BadgeState, ...]:
        """Return the states after an event that counts, or without one (None); add what changed."""
        return tuple(
            [
                self._turned(i, state, reading, tier, event=event, changes=changes)
                for i, state in enumerate(states)
            ]
        )

    def counted(
        self,
        states: tuple[BadgeState, ...],
        reading: Reading,
        tier: int,
        event: Happening,
        changes: list[Change],
    ) -> tuple[BadgeState, ...]:
        """Return what `turned` does where neither the tier nor what conditions say has changed."""
        new = list(states)
        for i in self.counting[event.type]:
            new[i] = self._turned(i, states[i], reading, tier, event=event, changes=changes)
        return tuple(new)

    def _turned(
        self,
        i: int,
        state: BadgeState,
        reading: Reading,
        tier: int,
        *,
        event: Happening | None,
        changes: list[Change],
    ) -> BadgeState:
        badge, fits = self._badges[i], self._fits[i]
        counts = event is not None and event.type == badge.event
        seen = state.seen + (counts and (fits is None or fits(cast(Event, event))))
        has = self._deserved(badge, seen, tier, reading, state.has)
        if has < state.has and not badge.revocable:
            has = state.has
        if has != state.has:
            changes.append(_change(badge, state.has, has, seen, reading))
        return state if has == state.has and seen == state.seen else BadgeState(has, seen)

    def _deserved(self, badge: Badge, seen: int, tier: int, reading: Reading, has: int) -> int:
        if badge.tier is not None and tier < self._tiers[badge.tier]:
            return has if badge.repeatable else 0
        if not hold(badge.when, reading):
            return has if badge.repeatable else 0
        if badge.levels:
            for i in range(len(badge.levels), 0, -1):
                level = badge.levels[i - 1]
                if seen >= (level.count or 0) and hold(level.when, reading):
                    return i
            return 0
        if badge.event is None:
            return 1
        return seen // badge.count if badge.repeatable else int(seen >= badge.count)


def stand_still(before: tuple[BadgeState, ...], after: tuple[BadgeState, ...]) -> bool:
    """Tell whether the same badges are given."""
    return before == after or [each.has for each in before] == [each.has for each in after]


def _shown(badge: Badge, has: int) -> str:
    return f"{badge.name}:{has}" if badge.levels or badge.repeatable else badge.name


def _change(badge: Badge, before: int, after: int, seen: int, reading: Reading) -> Change:
    return Change(
        "badge",
        badge.name,
        _shown(badge, before) if before else None,
        _shown(badge, after) if after else None,
        _why(badge, before, after, seen, reading),
    )


def _why(badge: Badge, before: int, after: int, seen: int, reading: Reading) -> str:
    level = badge.levels[max(before, after) - 1] if badge.levels else None
    conditions = (*badge.when, *(level.when if level is not None else ()))
    if after < before:
        return lacking(conditions, reading) or "the tier is too low"
    said = [f"{seen} × `{badge.event}`"] if badge.event is not None else []
    for each in conditions:
        name = "the score" if each.part == "overall" else f"`{each.part}`"
        score, count = part_of(reading, each.part)
        said.append(f"{name} is {figure(score)} with {count} contributions")
    return ", ".join(said) or f"the tier is at least `{badge.tier}`"
