"""Every settings file that the documentation shows is one."""

import re
from pathlib import Path

import pytest

from renown.gateway.admission.permissions import Permissions
from renown.gateway.channels import Channels
from renown.server.loading import load

DOCS = Path(__file__).parents[2] / "docs"
TABLES = ("[gateway", "[tokens", "[access]", "[limits]")


def examples() -> list[tuple[str, str]]:
    """Return the settings files in the pages, with where they stand."""
    found: list[tuple[str, str]] = []
    for page in sorted(DOCS.glob("*.md")):
        blocks = re.findall(r"^```toml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        settings = [block for block in blocks if any(table in block for table in TABLES)]
        found += [(f"{page.name} {number}", block) for number, block in enumerate(settings, 1)]
    return found


@pytest.mark.parametrize("text", [text for _, text in examples()], ids=[where for where, _ in examples()])
def test_it_loads_and_its_rules_hold_together(text: str, tmp_path: Path) -> None:
    secret, file = tmp_path / "secret", tmp_path / "renown.toml"
    secret.write_text("a secret of more than thirty-two bytes")
    file.write_text(text.replace("/run/secrets/renown", str(secret)))
    options = load(file).settings.gateway
    channels = Channels(options)
    Permissions(channels)
    assert set(options.rooms) <= set(channels.rules())


def test_the_pages_show_some() -> None:
    pages = {where.partition(" ")[0] for where, _ in examples()}
    assert {"realtime.md", "rights.md", "settings.md"} <= pages
