"""How a check says what is wrong with a policy."""

from renown.errors import PolicyError

__all__ = ["require", "within"]


def require(good: object, field: str, detail: str, expected: str) -> None:
    """Raise `PolicyError` (`wrong_value`) for the dotted path `field` unless `good`."""
    if not good:
        raise PolicyError(detail, code="wrong_value", field=field, expected=expected)


def within(value: float | None, low: float, high: float, field: str) -> None:
    """Require a number, where there is one, to lie from `low` to `high`."""
    if value is not None:
        require(low <= value <= high, field, f"`{field}` is {value:g}", f"{low:g} to {high:g}")
