"""Which categories a composition looks at."""

from renown.policy.scores.composing import (
    Composing,
    GateOf,
    GeometricMeanOf,
    LowestOf,
    PenaltyOf,
    RatioOf,
    SumOf,
)

__all__ = ["uses_of"]


def uses_of(method: Composing) -> list[tuple[str, str]]:
    """Return (key it is named under, category) of every part."""
    match method:
        case SumOf() | GeometricMeanOf():
            return [(f"parts.{name}", name) for name in method.parts]
        case LowestOf():
            return [(f"parts[{i}]", name) for i, name in enumerate(method.parts)]
        case RatioOf():
            return [("of", method.of), ("to", method.to)]
        case GateOf():
            asked = [(f"conditions[{i}].part", each.part) for i, each in enumerate(method.conditions)]
            return [*asked, *_named(then=method.then, otherwise=method.otherwise)]
        case PenaltyOf():
            return [*_named(base=method.base), *((f"parts.{name}", name) for name in method.parts)]


def _named(**values: float | str | None) -> list[tuple[str, str]]:
    return [(key, value) for key, value in values.items() if isinstance(value, str)]
