"""What a dashboard or form needs to know about a kind of subject."""

import msgspec

from renown.policy import Policy
from renown.policy.schema import Rule, Scale, ValueMode

__all__ = ["KindInfo", "describe"]


class ScaleInfo(msgspec.Struct, frozen=True):
    """The ends of a score and how many decimals to show."""

    min: float
    max: float
    decimals: int


class CategoryInfo(msgspec.Struct, frozen=True):
    """A category of a standing."""

    name: str
    title: str
    scale: ScaleInfo
    """Its own, or that of the kind."""


class TypeInfo(msgspec.Struct, frozen=True):
    """A type of event that subjects of the kind can have."""

    type: str
    title: str
    value: ValueMode
    """Whether such an event must, may or must not bring a value."""
    min: float | None
    max: float | None
    """The range of the value, where it has one."""
    categories: str
    """Whether it may or must rate single categories: `none`, `optional` or `required`."""


class KindInfo(msgspec.Struct, frozen=True):
    """A kind of subject and the policy it has."""

    kind: str
    policy: str
    title: str
    scale: ScaleInfo
    categories: list[CategoryInfo]
    types: list[TypeInfo]
    subjects: int


def describe(policy: Policy, subjects: int) -> KindInfo:
    """Return what is known about the kind that `policy` is for."""
    return KindInfo(
        kind=policy.kind,
        policy=policy.name,
        title=policy.title,
        scale=_scale(policy.scale),
        categories=[
            CategoryInfo(name, one.title or name, _scale(policy.scale_of(name)))
            for name, one in policy.categories.items()
        ],
        types=[_type(name, rule, policy) for name, rule in policy.rules.items()],
        subjects=subjects,
    )


def _scale(scale: Scale) -> ScaleInfo:
    return ScaleInfo(scale.min, scale.max, scale.decimals)


def _type(name: str, rule: Rule, policy: Policy) -> TypeInfo:
    mode = rule.value_mode
    low = high = None
    if mode != "none":
        low = policy.scale.min if rule.min is None else rule.min
        high = policy.scale.max if rule.max is None else rule.max
    return TypeInfo(name, rule.title or name, mode, low, high, rule.categories)
