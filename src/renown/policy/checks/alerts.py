"""What an alert may say."""

from renown.policy.checks.matching import check_wanted
from renown.policy.checks.requiring import require, within
from renown.policy.life.alerting import Alert, AlertLimits, AlertWhen, Clear, EventMatch, Move, Rate
from renown.policy.nearest import expected_one_of
from renown.policy.schema import Policy
from renown.policy.scores.ranges import LARGEST

__all__ = ["check_alert", "check_alert_limits"]

_KINDS = ("score_below", "score_above", "drop", "rise", "rate", "event", "tier_lost", "status", "incident")
_MOMENTS = ("event", "tier_lost", "incident")


def check_alert(policy: Policy, alert: Alert, path: str) -> None:
    """Check one alert at the dotted `path`; its event types and its name are checked elsewhere."""
    when = alert.when
    kinds = [kind for kind in _KINDS if getattr(when, kind) is not None and getattr(when, kind) is not False]
    require(len(kinds) == 1, f"{path}.when", "it has to be about one thing", "one of " + ", ".join(_KINDS))
    kind = kinds[0]
    for key in ("for_minutes", "debounce_minutes"):
        within(getattr(alert, key), 0, 1_051_200, f"{path}.{key}")
    lasts = not alert.for_minutes or kind not in _MOMENTS
    require(lasts, f"{path}.for_minutes", "it is about a single moment", "nothing here")
    require(alert.to, f"{path}.to", "it goes to nobody", '"owner" or "alerts"')
    within(when.min_count, 0, 10**9, f"{path}.when.min_count")
    scored = kind in ("score_below", "score_above", "drop", "rise")
    require(scored or when.category is None, f"{path}.when.category", "no score is asked for", "nothing here")
    require(scored or not when.min_count, f"{path}.when.min_count", "no score is asked for", "nothing here")
    _category(policy, when.category, f"{path}.when.category")
    for key, move in (("drop", when.drop), ("rise", when.rise), ("rate", when.rate)):
        if move is not None:
            _window(move, f"{path}.when.{key}")
    if when.event is not None:
        _event(when.event, f"{path}.when.event")
    _named(policy, when, f"{path}.when")
    for key, level in (("score_below", when.score_below), ("score_above", when.score_above)):
        _level(policy, when.category, level, f"{path}.when.{key}")
    if alert.clear is not None:
        _clear(policy, alert.clear, when, f"{path}.clear")


def _category(policy: Policy, name: str | None, path: str) -> None:
    valid = ["overall", *policy.categories]
    good = name is None or name in valid
    require(good, path, f"`{name}` is no category", expected_one_of(name or "", valid))


def _level(policy: Policy, category: str | None, level: float | None, path: str) -> None:
    scale = policy.scale_of("" if category in (None, "overall") else category)
    within(level, scale.min, scale.max, path)


def _window(move: Move | Rate, path: str) -> None:
    within(move.within_days, 0.001, 400, f"{path}.within_days")
    if isinstance(move, Rate):
        within(move.count, 1, 10**6, f"{path}.count")
    else:
        within(move.points, 1e-6, LARGEST, f"{path}.points")


def _event(match: EventMatch, path: str) -> None:
    check_wanted(match.data, f"{path}.data")
    within(match.at_least, -LARGEST, LARGEST, f"{path}.at_least")
    within(match.at_most, -LARGEST, LARGEST, f"{path}.at_most")
    if match.at_least is not None and match.at_most is not None:
        require(match.at_least <= match.at_most, f"{path}.at_most", "no value is both", "at_least or more")


def _named(policy: Policy, when: AlertWhen, path: str) -> None:
    if when.status is not None:
        rules = policy.status
        require(rules is not None, f"{path}.status", "there is no [status]", "[status] in the policy")
        if rules is not None:
            valid = [rules.start, *(each.to for each in rules.ripen), *(each.to for each in rules.on)]
            good = when.status in valid
            detail = f"`{when.status}` is no status"
            require(good, f"{path}.status", detail, expected_one_of(when.status, dict.fromkeys(valid)))
    if when.incident is not None:
        guards = [guard.name for guard in policy.guards]
        kinds = [str(guard.__struct_config__.tag) for guard in policy.guards]
        valid = list(dict.fromkeys([*guards, *kinds]))
        detail = f"`{when.incident}` is no guard, nor a kind of one"
        require(when.incident in valid, f"{path}.incident", detail, expected_one_of(when.incident, valid))
    require(not when.tier_lost or policy.tiers, f"{path}.tier_lost", "there are no tiers", "[[tiers]]")


def _clear(policy: Policy, clear: Clear, when: AlertWhen, path: str) -> None:
    said = (clear.score_above, clear.score_below, clear.event, clear.after_days)
    require(any(each is not None for each in said), path, "it never ends", "score_above, event, after_days …")
    _category(policy, clear.category, f"{path}.category")
    category = clear.category or when.category
    _level(policy, category, clear.score_above, f"{path}.score_above")
    _level(policy, category, clear.score_below, f"{path}.score_below")
    within(clear.after_days, 0.001, 3653, f"{path}.after_days")
    if category in (when.category, None):
        if when.score_below is not None and clear.score_above is not None:
            good = clear.score_above >= when.score_below
            require(
                good, f"{path}.score_above", "it would end before it begins", f"{when.score_below:g} or more"
            )
        if when.score_above is not None and clear.score_below is not None:
            good = clear.score_below <= when.score_above
            require(
                good, f"{path}.score_below", "it would end before it begins", f"{when.score_above:g} or less"
            )


def check_alert_limits(policy: Policy, limits: AlertLimits) -> None:
    """Check how many alerts are told in a while."""
    require(policy.alerts, "alert_limits", "there are no alerts to limit", "[[alerts]]")
    within(limits.most, 1, 10_000, "alert_limits.most")
    within(limits.minutes, 1, 10_080, "alert_limits.minutes")
