"""Loading policies: from text, from a file, and the packaged presets."""

import tomllib
from functools import cache
from importlib import resources
from pathlib import Path
from weakref import WeakKeyDictionary

from renown.errors import PolicyError
from renown.policy.checks.policy import check
from renown.policy.convert import to_struct
from renown.policy.nearest import expected_one_of
from renown.policy.schema import Policy

__all__ = ["load", "load_file", "preset", "preset_names", "preset_text", "text_of"]

_PRESETS = resources.files("renown.policy") / "presets"
_texts: WeakKeyDictionary[Policy, str] = WeakKeyDictionary()


def load(text: str, source: str = "policy") -> Policy:
    """Read a policy from TOML; `source` names it in errors.

    Raises:
        PolicyError: with the dotted path of the wrong key and what was expected there.

    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{source}: not TOML: {error}", code="invalid_toml") from None
    except RecursionError:
        raise PolicyError(f"{source}: nested too deeply", code="invalid_toml") from None
    try:
        policy = check(to_struct(raw, Policy))
    except PolicyError as error:
        raise PolicyError(
            f"{source}: {error.field}: {error.detail}; expected {error.expected}",
            code=error.problem_code,
            field=error.field,
            expected=error.expected,
        ) from None
    _texts[policy] = text
    return policy


def text_of(policy: Policy) -> str | None:
    """Return the TOML that a policy was read from; None of one that was put together in code."""
    return _texts.get(policy)


def load_file(path: Path) -> Policy:
    """Read a policy file; raise `PolicyError` when it cannot be read or is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: cannot be read: {error}", code="unreadable") from None
    return load(text, str(path))


@cache
def preset_names() -> tuple[str, ...]:
    """Return the names of the packaged policies."""
    return tuple(sorted(file.name[:-5] for file in _PRESETS.iterdir() if file.name.endswith(".toml")))


def preset_text(name: str) -> str:
    """Return the TOML of a packaged policy, comments and all."""
    if name not in preset_names():
        raise PolicyError(
            f"there is no preset `{name}`",
            code="unknown_preset",
            field="name",
            expected=expected_one_of(name, preset_names()),
        )
    return (_PRESETS / f"{name}.toml").read_text(encoding="utf-8")


@cache
def preset(name: str) -> Policy:
    """Return a packaged policy; raise `PolicyError` naming the nearest when there is none of that name."""
    return load(preset_text(name), f"preset {name}")
