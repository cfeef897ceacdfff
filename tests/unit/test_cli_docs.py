"""The documentation knows every command, option, setting and path."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from renown.cli import HELP_FILE
from renown.cli.app import app
from renown.cli.overview import render
from renown.server.schema import leaves
from renown.server.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


def _commands() -> list[str]:
    names: list[str] = []
    commands: dict[str, Any] = getattr(get_command(app), "commands", {})
    for name, command in commands.items():
        inner = getattr(command, "commands", None)
        names += [f"{name} {one}" for one in inner] if inner else [name]
    return names


def test_every_command_has_a_heading() -> None:
    headings = re.findall(r"^### `renown ([a-z ]+)`$", (DOCS / "cli.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(_commands())


def test_every_setting_has_a_row_with_its_type_and_default() -> None:
    page = (DOCS / "settings.md").read_text().replace("\\|", "/")
    sections = dict(re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", page, re.MULTILINE | re.DOTALL))
    rows = {name: _rows(section) for name, section in sections.items()}
    of_any = rows.pop("`[gateway.channels.<namespace>]`")
    of_rooms = of_any | rows.pop("`[gateway.rooms.<namespace>]`")
    other = _other_defaults(sections["`[gateway.channels.<namespace>]`"])
    written = {name: row for section in rows.values() for name, row in section.items()}
    for namespace, (settings, differing) in other.items():
        rule = of_rooms if "rooms" in settings else of_any
        assert set(differing) <= set(rule), namespace
        written |= {
            f"{namespace}.{name}": (shape, differing.get(name, default))
            for name, (shape, default) in rule.items()
        }
    for namespace in ("gateway.rooms.*", "gateway.without_namespace"):
        written |= {f"{namespace}.{name}": row for name, row in of_rooms.items()}
    known = {
        path: (leaf.shape.replace("|", "/"), _default(leaf.default))
        for path, leaf in leaves(Settings).items()
    }
    assert written == known


def _rows(section: str) -> dict[str, tuple[str, str]]:
    """Return the settings of a section's table with their types and defaults."""
    found = re.findall(r"^\| `([a-z_.]+)` \| ([^|]+) \| ([^|]*) \| [^|]+ \|$", section, re.MULTILINE)
    return {name: (shape, default) for name, shape, default in found}


def _other_defaults(section: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Return which settings each built-in namespace has, and the defaults that differ in it."""
    found = re.findall(r"^\| `(gateway\.channels\.[a-z]+)` \| ([^|]+) \| ([^|]+) \|$", section, re.MULTILINE)
    return {
        name: (
            settings,
            {key: f"`{value}`" for key, value in re.findall(r'`(\w+) = "?([^"`]+)"?`', differing)},
        )
        for name, settings, differing in found
    }


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value) or "none"
    if value is None:
        return "not set"
    return f"`{getattr(value, 'value', value)}`" if value != "" else "empty"


@pytest.mark.parametrize(
    "path",
    [
        "POST /v1/events", "GET /v1/standings/{subject}", "GET /v1/standings",
        "GET /v1/standings/{subject}/history", "GET /v1/standings/{subject}/explain",
        "GET /v1/standings/{subject}/events", "GET /v1/boards/{kind}", "GET /v1/subjects",
        "GET /v1/policies", "GET /v1/policies/{kind}", "PUT /v1/policies/{kind}",
        "POST /v1/policies/{kind}/try", "GET /v1/gateway", "GET /v1/channels", "GET /v1/info",
        "POST /v1/tokens", "POST /v1/tokens/revoke", "GET /v1/users/{user}/rights",
        "PUT /v1/users/{user}/rights", "DELETE /v1/users/{user}/rights",
        "POST /v1/users/{user}/disconnect", "POST /api/{method}", "GET /badge/{subject}.svg",
        "GET /health/live", "GET /health/ready", "GET /metrics", "GET /schema",
    ],
)  # fmt: skip
def test_every_path_has_a_heading(path: str) -> None:
    assert f"### `{path}`" in (DOCS / "http-api.md").read_text()


def test_the_overview_of_the_commands_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """When this fails run: python -m renown.cli.overview."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    assert HELP_FILE.read_text() == render()
