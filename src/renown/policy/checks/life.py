"""What tiers, badges, statuses and alerts may say: names that exist, numbers that fit together."""

import re
from collections.abc import Iterable, Iterator, Sequence

from renown.policy.checks.alerts import check_alert, check_alert_limits
from renown.policy.checks.matching import check_wanted
from renown.policy.checks.requiring import require, within
from renown.policy.life.tiers import Dates, Tier
from renown.policy.nearest import expected_one_of
from renown.policy.schema import Policy
from renown.policy.scores.composing import Condition
from renown.policy.scores.ranges import LARGEST

__all__ = ["check_life", "may_go_nowhere"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z")
_MOST_DAYS = 730


def may_go_nowhere(policy: Policy) -> bool:
    """Tell whether an event that moves no score can still mean something, if only that it happened."""
    return bool(policy.status or policy.badges or policy.alerts or policy.tier_rules)


def check_life(policy: Policy) -> None:
    """Check everything a subject carries besides its score; raise `PolicyError` for what is wrong."""
    _tiers(policy)
    _tier_rules(policy)
    _badges(policy)
    _statuses(policy)
    for i, alert in enumerate(policy.alerts):
        check_alert(policy, alert, f"alerts[{i}]")
    _names([each.name for each in policy.alerts], "alerts", "alert")
    if policy.alert_limits is not None:
        check_alert_limits(policy, policy.alert_limits)
    for path, name in _event_types(policy):
        require(name in policy.rules, path, f"`{name}` is no event type", expected_one_of(name, policy.rules))


def _event_types(policy: Policy) -> Iterator[tuple[str, str]]:
    rules = policy.tier_rules
    for i, each in enumerate(rules.on if rules is not None else ()):
        yield f"tier_rules.on[{i}].event", each.event
    for i, badge in enumerate(policy.badges):
        if badge.event is not None:
            yield f"badges[{i}].event", badge.event
    for i, each in enumerate(policy.status.on if policy.status is not None else ()):
        yield f"status.on[{i}].event", each.event
    for i, alert in enumerate(policy.alerts):
        if alert.when.event is not None:
            yield f"alerts[{i}].when.event.type", alert.when.event.type
        if alert.when.rate is not None:
            yield f"alerts[{i}].when.rate.event", alert.when.rate.event
        if alert.clear is not None and alert.clear.event is not None:
            yield f"alerts[{i}].clear.event", alert.clear.event


def _names(names: Sequence[str], path: str, what: str) -> None:
    for i, name in enumerate(names):
        where = f"{path}[{i}].name"
        require(_NAME.match(name), where, f"`{name}` is no valid name", "a-z, 0-9, _, -")
        require(name not in names[:i], where, f"there are two of the {what} `{name}`", "another name")


def _conditions(policy: Policy, conditions: Iterable[Condition], path: str) -> None:
    valid = ["overall", *policy.categories]
    for i, each in enumerate(conditions):
        where = f"{path}[{i}]"
        good = each.part in valid
        require(good, f"{where}.part", f"`{each.part}` is no category", expected_one_of(each.part, valid))
        within(each.at_least, -LARGEST, LARGEST, f"{where}.at_least")
        within(each.at_most, -LARGEST, LARGEST, f"{where}.at_most")
        within(each.min_count, 0, 10**9, f"{where}.min_count")
        limits = each.at_least is not None or each.at_most is not None or each.min_count
        require(limits, where, "it asks for nothing", "at_least, at_most or min_count")
        if each.at_least is not None and each.at_most is not None:
            good = each.at_least <= each.at_most
            require(good, f"{where}.at_most", "no score is both", f"{each.at_least:g} or more")


def _tiers(policy: Policy) -> None:
    last: float | None = None
    _names([tier.name for tier in policy.tiers], "tiers", "tier")
    for i, tier in enumerate(policy.tiers):
        path = f"tiers[{i}]"
        within(tier.min_score, policy.scale.min, policy.scale.max, f"{path}.min_score")
        within(tier.min_count, 0, 10**9, f"{path}.min_count")
        if tier.min_score is not None:
            if last is not None:
                require(
                    tier.min_score >= last,
                    f"{path}.min_score",
                    "tiers go from the lowest to the highest",
                    f"{last:g} or more",
                )
            last = tier.min_score
        _conditions(policy, tier.also_when, f"{path}.also_when")
        _leaving(policy, tier, path)
        _lasting(policy, tier, path)


def _leaving(policy: Policy, tier: Tier, path: str) -> None:
    for key, leave, enter, least in (
        ("leave_score", tier.leave_score, tier.min_score, policy.scale.min),
        ("leave_count", tier.leave_count, tier.min_count, 0),
    ):
        if leave is not None:
            where = f"{path}.{key}"
            asked = f"min_{key.removeprefix('leave_')}"
            require(enter is not None, where, f"the tier asks for no `{asked}`", f"{asked} beside it")
            within(leave, least, enter or 0, where)
    within(tier.leave_factor, 0.01, 1, f"{path}.leave_factor")
    if tier.leave_factor != 1:
        where = f"{path}.leave_factor"
        both = tier.leave_score is not None or tier.leave_count is not None
        require(not both, where, "it says twice when the tier is left", "leave_factor alone")
        asked = [tier.min_score or 0, *(each.at_least or 0 for each in tier.also_when)]
        require(min(asked) >= 0, where, "a share of what is below 0 is more of it", "leave_score")


def _lasting(policy: Policy, tier: Tier, path: str) -> None:
    dwell = tier.dwell
    if dwell is not None:
        where = f"{path}.dwell"
        kinds = [dwell.weeks is not None, dwell.days is not None]
        require(sum(kinds) == 1, where, "it has to be weeks or days", "one of weeks, days")
        key = "weeks" if dwell.weeks is not None else "days"
        within(dwell.of, 1, 400, f"{where}.of")
        within(dwell.need, 1, dwell.of, f"{where}.{key}")
        asks = tier.min_score is not None or tier.min_count > 0
        require(asks, where, "there is nothing to be looked at", "min_score or min_count beside it")
        require(not tier.dwell_days, f"{path}.dwell_days", "there are two of the kind", "dwell or dwell_days")
    for key in ("dwell_days", "grace_days", "leave_after_days"):
        within(getattr(tier, key), 0, _MOST_DAYS, f"{path}.{key}")
    if tier.manual:
        good = policy.tier_rules is not None and tier.name in [each.to for each in policy.tier_rules.on]
        expected = f'an entry in tier_rules.on with to = "{tier.name}"'
        require(good, f"{path}.manual", "no event leads to it", expected)
        dwells = dwell is not None or tier.dwell_days
        require(not dwells, f"{path}.dwell", "no time leads to what an event sets", "nothing here")


def _tier_rules(policy: Policy) -> None:
    rules = policy.tier_rules
    if rules is None:
        return
    require(policy.tiers, "tier_rules", "there are no tiers", "at least one [[tiers]]")
    if isinstance(rules.cadence, Dates):
        _dates(rules.cadence, "tier_rules.cadence")
    names = [tier.name for tier in policy.tiers]
    for path, name in (
        ("tier_rules.start", rules.start),
        *((f"tier_rules.on[{i}].to", each.to) for i, each in enumerate(rules.on)),
    ):
        good = name is None or name in names
        require(good, path, f"`{name}` is no tier", expected_one_of(name or "", names))
    within(rules.max_step, 1, len(names), "tier_rules.max_step")
    good = rules.max_step is None or rules.cadence != "event"
    require(good, "tier_rules.max_step", "steps need moments at which they are taken", 'cadence = "daily", …')
    seen = [each.event for each in rules.on]
    for i, name in enumerate(seen):
        where = f"tier_rules.on[{i}].event"
        require(name not in seen[:i], where, f"`{name}` is there twice", "one entry per event type")


def _dates(dates: Dates, path: str) -> None:
    kinds = [dates.monthly is not None, dates.quarterly is not None, dates.weeks is not None]
    require(sum(kinds) == 1, path, "it has to be one kind of dates", "one of monthly, quarterly, weeks")
    within(dates.monthly, 1, 28, f"{path}.monthly")
    within(dates.weeks, 1, 52, f"{path}.weeks")
    if dates.quarterly is not None:
        good = bool(dates.quarterly) and all(1 <= month <= 12 for month in dates.quarterly)
        require(good, f"{path}.quarterly", "these are no months", "months from 1 to 12")


def _badges(policy: Policy) -> None:
    _names([badge.name for badge in policy.badges], "badges", "badge")
    tiers = [tier.name for tier in policy.tiers]
    for i, badge in enumerate(policy.badges):
        path = f"badges[{i}]"
        _conditions(policy, badge.when, f"{path}.when")
        for j, level in enumerate(badge.levels):
            where = f"{path}.levels[{j}]"
            _conditions(policy, level.when, f"{where}.when")
            within(level.count, 1, 10**9, f"{where}.count")
            require(level.when or level.count is not None, where, "it asks for nothing", "when or count")
            good = level.count is None or badge.event is not None
            require(good, f"{where}.count", "there is no event to count", f"{path}.event")
        check_wanted(badge.data, f"{path}.data")
        within(badge.count, 1, 10**9, f"{path}.count")
        good = badge.tier is None or badge.tier in tiers
        require(good, f"{path}.tier", f"`{badge.tier}` is no tier", expected_one_of(badge.tier or "", tiers))
        events = badge.event is not None
        good = events or (badge.count == 1 and not badge.data)
        require(good, path, "there is no event to count", f"{path}.event")
        asks = badge.when or events or badge.tier is not None or badge.levels
        require(asks, path, "it asks for nothing", "when, event, tier or levels")
        good = not badge.repeatable or (events and not badge.levels and not badge.revocable)
        require(
            good,
            f"{path}.repeatable",
            "only what counts events comes again",
            "event, no levels, not revocable",
        )


def _statuses(policy: Policy) -> None:
    rules = policy.status
    _names([each.name for each in policy.statuses], "statuses", "status")
    if rules is None:
        require(not policy.statuses, "statuses", "there is no [status]", "[status] beside it")
        return
    known = [each.name for each in policy.statuses]
    said = [("status.start", rules.start)]
    for i, ripen in enumerate(rules.ripen):
        path = f"status.ripen[{i}]"
        said += [(f"{path}.from", ripen.from_), (f"{path}.to", ripen.to)]
        require(ripen.from_ != ripen.to, f"{path}.to", "it becomes what it is", "another status")
        within(ripen.after_days, 0, 36_525, f"{path}.after_days")
        _conditions(policy, ripen.when, f"{path}.when")
        _conditions(policy, ripen.unless, f"{path}.unless")
        limits = ripen.after_days > 0 or ripen.when or ripen.unless
        require(limits, path, "it would be over at once", "after_days, when or unless")
    for i, on in enumerate(rules.on):
        check_wanted(on.data, f"status.on[{i}].data")
        said.append((f"status.on[{i}].to", on.to))
        said += [(f"status.on[{i}].from[{j}]", name) for j, name in enumerate(on.from_)]
    for path, name in said:
        require(_NAME.match(name), path, f"`{name}` is no valid name", "a-z, 0-9, _, -")
        good = not known or name in known
        require(good, path, f"`{name}` is no status", expected_one_of(name, known))
    reached = {rules.start, *(each.to for each in rules.ripen), *(each.to for each in rules.on)}
    for path, name in said:
        require(name in reached, path, f"nothing leads to `{name}`", expected_one_of(name, sorted(reached)))
