"""Which policies a server runs with."""

from glob import glob, has_magic
from pathlib import Path

from renown.errors import SettingsError
from renown.policy import Policies, Policy, load_file, preset, preset_names
from renown.policy.nearest import expected_one_of
from renown.server.settings import Settings

__all__ = ["chosen"]


def chosen(settings: Settings) -> Policies:
    """Return the policies that the settings name.

    Raises:
        SettingsError: none are named outside dev mode, or a name means nothing.
        PolicyError: a policy file is wrong, or two policies are for the same kind.

    """
    if not settings.policies:
        if settings.dev:
            return Policies.presets()
        raise SettingsError(
            "No policies are set. Name presets or files,"
            ' such as policies = ["seller", "policies/*.toml"], or start with --dev.',
            code="no_policies",
            field="policies",
            expected="any of " + ", ".join(preset_names()) + ", or files",
        )
    return Policies(policy for name in settings.policies for policy in _named(name))


def _named(name: str) -> list[Policy]:
    if name in preset_names():
        return [preset(name)]
    paths = sorted(glob(name)) if has_magic(name) else [name] if Path(name).is_file() else []
    if not paths:
        raise SettingsError(
            f"policies: {name!r} is neither a preset nor a file.",
            code="unknown_policy",
            field="policies",
            expected=expected_one_of(name, preset_names()),
        )
    return [load_file(Path(path)) for path in paths]
