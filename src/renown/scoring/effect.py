"""What an event means under a policy."""

from collections.abc import Mapping
from typing import Final

import msgspec

from renown.errors import EventError
from renown.model import OVERALL, Change, Contribution, Event
from renown.policy import STEPS, Blind, Policy, nearest
from renown.scoring.meaning import Derived, Meaning
from renown.scoring.new_rules import new_rules
from renown.scoring.plan import Plan, plan_of
from renown.scoring.turning import weight_from

__all__ = ["POLICY", "TIME", "Effect", "amended", "interpret", "returned_pair", "weigh"]

TIME: Final = "renown.time"
"""The type of the events that timers make."""
POLICY: Final = "renown.policy"
"""The type of the events that tell of a new policy."""

_NEW: Final = 1e18
"""When something happened that has no time: after everything that has one."""
_RESERVED: Final = ("retract", "amend", *STEPS)


class Effect(msgspec.Struct, frozen=True, gc=False):
    """What an event means: contributions, or taking back what an earlier event contributed."""

    contributions: tuple[Contribution, ...] = ()
    """At the rule's weight, before the rater's."""
    one_per: str | None = None
    """Of the live events of one subject with the same key only the newest counts; None: all count."""
    takes_back: str | None = None
    """The id or ref of what is taken back, for `retract` and `amend`."""
    amends: bool = False
    """Look up what is taken back and call `amended` for what takes its place."""
    actor: str | None = None
    """Whose rater weight counts; for an amendment the actor of what is amended."""
    step: str | None = None
    """One of `STEPS` or `renown.time`: what it does to other events instead of saying something itself."""
    concerns: str | None = None
    """The id or ref of the event that a step is about."""
    blind: float | None = None
    """For how many seconds it is held, unseen, unless the other side has spoken; None: not at all."""

    also: tuple[Derived, ...] = ()
    """The events that it makes for others, to be taken back with it."""
    told: float | None = None
    """The change of the score that is told of it, where that is not what its contributions do."""
    notes: tuple[Change, ...] = ()
    """What is told of it besides."""

    @property
    def speaks(self) -> bool:
        """Whether it says something of its subject by itself."""
        return self.takes_back is None and self.step is None and self.told is None


def interpret(policy: Policy, event: Event, at: float | None = None) -> Effect:
    """Return what `event` means under `policy`.

    `at` is when it happened, POSIX seconds; without it the event says so itself, or is taken for new.

    Raises:
        EventError: with a stable code, the field that is wrong and what was expected.

    """
    plan = plan_of(policy)
    meaning = plan.rules.get(event.type)
    if meaning is None:
        return _reserved(plan, event)
    if plan.excluded and event.actor in plan.excluded:
        return Effect(actor=event.actor)
    if not meaning.always or meaning.every is not None:
        at = _time_of(event) if at is None else at
        found = meaning.of(event, at)
        if found is None:
            return Effect(actor=event.actor)
        meaning = found
    rule = meaning.rule
    one_per = _one_per(meaning, event, at) if rule.one_per is not None else None
    if event.actor is not None and event.actor == event.subject and not rule.allow_self:
        raise EventError(
            f"`{event.actor}` cannot send `{event.type}` about itself",
            code="self_rating",
            field="actor",
            expected="an actor other than the subject",
        )
    if meaning.whole is not None and event.value is None and not event.categories:
        said = meaning.whole
    else:
        said = _contributions(plan, meaning, event)
    also = meaning.derived(event) if meaning.also else ()
    if rule.blind is None and not also:
        return Effect(said, one_per, None, False, event.actor)
    blind = None if rule.blind is None else _blind(rule.blind, event)
    return Effect(said, one_per, actor=event.actor, blind=blind, also=also)


def returned_pair(policy: Policy, event: Event, at: float) -> str | None:
    """Return the `one_per` of the same event the other way round: the actor rated by the subject."""
    meaning = plan_of(policy).rules.get(event.type)
    if meaning is None or meaning.rule.one_per is None:
        return None
    if meaning.rule.one_per == "actor" and meaning.always and meaning.every is None:
        # What most policies say, for which no event need be made.
        return None if event.subject in plan_of(policy).excluded else f"{meaning.slot} {event.subject}"
    swapped = msgspec.structs.replace(event, subject=event.actor or "", actor=event.subject)
    try:
        return interpret(policy, swapped, at).one_per
    except EventError:
        return None


def amended(policy: Policy, event: Event, original: Event, at: float | None = None) -> Effect:
    """Return what an `amend` event puts in the place of `original`.

    It means what the original would with the amendment's value, categories and data in place of its own
    where they are given; a new value without categories drops the old categories only when the rule
    takes none. The actor stays the original's, and so does its time, `at` as for `interpret`.

    Raises:
        EventError: as `interpret` does.

    """
    data = original.data if event.data is None else {**(original.data or {}), **event.data}
    changed = msgspec.structs.replace(
        original,
        value=original.value if event.value is None else event.value,
        categories=original.categories if event.categories is None else event.categories,
        data=data,
    )
    if event.value is None and event.categories is not None:
        meaning = plan_of(policy).rules.get(original.type)
        if meaning is not None and meaning.rule.value == "from_categories":
            changed = msgspec.structs.replace(changed, value=None)
    effect = interpret(policy, changed, at)
    return msgspec.structs.replace(effect, takes_back=event.ref)


def weigh(contributions: tuple[Contribution, ...], weight: float) -> tuple[Contribution, ...]:
    """Return the contributions with the rater's weight multiplied in."""
    if weight == 1.0:
        return contributions
    return tuple([Contribution(c.category, c.value, c.weight * weight, c.exempt) for c in contributions])


def _reserved(plan: Plan, event: Event) -> Effect:
    if event.type == TIME:
        return Effect(step=TIME)
    if event.type == POLICY:
        told, notes = new_rules(event)
        return Effect(told=told, notes=notes)
    if event.type not in _RESERVED:
        types = (*plan.rules, *_RESERVED)
        raise EventError(
            f"`{event.type[:64]}` is no event type of this kind of subject",
            code="unknown_type",
            field="type",
            expected=nearest(event.type, types) or "one of " + ", ".join(types),
        )
    if not event.ref:
        raise EventError(
            f"`{event.type}` does not say what it is about",
            code="ref_required",
            field="ref",
            expected="the id or ref of the event that is meant",
        )
    if event.type != "amend":
        for field in ("value", "categories"):
            if getattr(event, field) is not None:
                raise EventError(
                    f"`{event.type}` has no {field}",
                    code="value_not_allowed",
                    field=field,
                    expected="nothing",
                )
        if event.type == "retract":
            return Effect(takes_back=event.ref, actor=event.actor)
        return Effect(step=event.type, concerns=event.ref)
    if event.value is None and event.categories is None and event.data is None:
        raise EventError(
            "the amendment changes nothing",
            code="value_required",
            field="value",
            expected="a new value, categories or data",
        )
    return Effect(takes_back=event.ref, amends=True, actor=event.actor)


def _blind(blind: Blind, event: Event) -> float:
    for field in ("actor", "ref"):
        if not getattr(event, field):
            raise EventError(
                f"`{event.type}` is blind until the other side has spoken, and has no {field}",
                code=f"{field}_required",
                field=field,
                expected="who it is of" if field == "actor" else "what both sides have in common",
            )
    return blind.days * 86_400.0


def _time_of(event: Event) -> float:
    return _NEW if event.occurred_at is None else event.occurred_at.timestamp()


def _one_per(meaning: Meaning, event: Event, at: float | None) -> str | None:
    per = meaning.rule.one_per
    if (per != "ref" and event.actor is None) or (per == "ref" and not event.ref):
        return None
    whose = event.actor if per != "ref" else event.ref
    if per == "actor_and_ref":
        whose = f"{whose} {event.ref or ''}"
    if meaning.every is None:
        return f"{meaning.slot} {whose}"
    return f"{meaning.slot} {whose} {meaning.every(_NEW if at is None else at)}"


def _contributions(plan: Plan, meaning: Meaning, event: Event) -> tuple[Contribution, ...]:
    rule = meaning.rule
    weight = _weight(meaning, event) if meaning.weights else rule.weight
    if rule.weight_by is not None:
        weight = weight_from(weight, rule.weight_by, event.data)
    given = event.categories
    rated = _rated(plan, meaning, event.type, given, weight) if given else ()
    if not rated and rule.categories == "required":
        raise EventError(
            f"`{event.type}` rates categories",
            code="categories_required",
            field="categories",
            expected="values of " + ", ".join(sorted(plan.rateable, key=plan.names.index)),
        )
    value = _value(meaning, event)
    if meaning.overall:
        return (Contribution(OVERALL, value, weight, rule.exempt), *rated)
    return (*_into(meaning, event, value, weight), *rated)


def _into(meaning: Meaning, event: Event, value: float, weight: float) -> list[Contribution]:
    given, exempt = event.categories, meaning.rule.exempt
    into: list[Contribution] = []
    for target, share in meaning.into:
        if given and target in given:
            continue
        turn = meaning.turns.get(target)
        turned = value if turn is None else turn(event, value)
        if turned is not None:
            into.append(Contribution(target, turned, share * weight, exempt))
    return into


def _value(meaning: Meaning, event: Event) -> float:
    value, rule = event.value, meaning.rule
    if meaning.constant is not None:
        if value is not None:
            raise EventError(
                f"`{event.type}` has its value from the policy",
                code="value_not_allowed",
                field="value",
                expected="nothing here",
            )
        return meaning.constant
    if value is None:
        if rule.value == "from_categories" and event.categories:
            # Sums of floats depend on their order, and the body that is kept is sorted.
            return sum(map(event.categories.__getitem__, sorted(event.categories))) / len(event.categories)
        or_categories = ", or categories" if rule.value == "from_categories" else ""
        raise EventError(
            f"`{event.type}` has no value",
            code="value_required",
            field="value",
            expected=f"{meaning.low:g} to {meaning.high:g}{or_categories}",
        )
    if not meaning.low <= value <= meaning.high:
        raise _out_of_range(meaning, "value", value)
    return float(value)


def _rated(
    plan: Plan, meaning: Meaning, event_type: str, given: Mapping[str, float], weight: float
) -> list[Contribution]:
    if meaning.rule.categories == "none":
        raise EventError(
            f"`{event_type}` rates no categories",
            code="categories_not_allowed",
            field="categories",
            expected="nothing here",
        )
    rateable, low, high, exempt = plan.rateable, meaning.low, meaning.high, meaning.rule.exempt
    rated: list[Contribution] = []
    for name in sorted(given):
        value = given[name]
        if name not in rateable:
            raise _unknown_category(plan, name)
        if not low <= value <= high:
            raise _out_of_range(meaning, f"categories.{name}", value)
        rated.append(Contribution(name, value, weight, exempt))
    return rated


def _unknown_category(plan: Plan, name: str) -> EventError:
    names = sorted(plan.rateable, key=plan.names.index)
    return EventError(
        f"`{name[:64]}` is no category",
        code="unknown_category",
        field=f"categories.{name[:64]}",
        expected=nearest(name, names) or "one of " + ", ".join(names),
    )


def _out_of_range(meaning: Meaning, field: str, value: float) -> EventError:
    return EventError(
        f"`{field}` is {value:g}",
        code="value_out_of_range",
        field=field,
        expected=f"{meaning.low:g} to {meaning.high:g}",
    )


def _weight(meaning: Meaning, event: Event) -> float:
    for meets, weight in meaning.weights:
        if meets(event):
            return weight
    return meaning.rule.weight
