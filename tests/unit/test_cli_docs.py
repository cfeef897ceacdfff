"""The documentation knows every command, option, setting and path."""

import re
from pathlib import Path

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
    for name, command in get_command(app).commands.items():  # pyright: ignore[reportAttributeAccessIssue]
        inner = getattr(command, "commands", None)
        names += [f"{name} {one}" for one in inner] if inner else [name]
    return names


def test_every_command_has_a_heading() -> None:
    headings = re.findall(r"^### `renown ([a-z ]+)`$", (DOCS / "cli.md").read_text(), re.MULTILINE)
    assert sorted(headings) == sorted(_commands())


def test_every_setting_has_a_row_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| [^\n]*? \| ([^|\n]*) \|[^|\n]*\|$",
                           (DOCS / "settings.md").read_text().replace("\\|", "/"), re.MULTILINE))  # fmt: skip
    tree = leaves(Settings)
    assert sorted(rows) == sorted(tree)
    for name, leaf in tree.items():
        if isinstance(leaf.default, int | float) and not isinstance(leaf.default, bool):
            assert rows[name] == f"`{leaf.default}`", name


@pytest.mark.parametrize(
    "path",
    [
        "POST /v1/events", "GET /v1/standings/{subject}", "GET /v1/standings",
        "GET /v1/standings/{subject}/history", "GET /v1/standings/{subject}/explain",
        "GET /v1/standings/{subject}/events", "GET /v1/boards/{kind}", "GET /v1/subjects",
        "GET /v1/policies", "GET /v1/info", "POST /v1/tokens", "GET /badge/{subject}.svg",
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
