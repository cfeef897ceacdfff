"""The browser's sources import no circle."""

import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "web"
ROOMS = ["packages/widget/src", "packages/live/src", "apps/dashboard/src"]
_IMPORT = re.compile(r'(?:from|import|import\() ?"(\.[^"]+\.ts)"')


def _imports(folder: Path) -> dict[Path, set[Path]]:
    """What each file imports, also types only and what is loaded late."""
    return {
        path: {(path.parent / name).resolve() for name in _IMPORT.findall(path.read_text(encoding="utf-8"))}
        for path in folder.resolve().rglob("*.ts")
    }


@pytest.mark.parametrize("room", ROOMS)
def test_web_files_do_not_import_each_other_in_circles(room: str) -> None:
    left = _imports(WEB / room)
    assert any(left.values())
    # What imports nothing that is left is in no circle.
    while ends := [path for path, names in left.items() if not names & left.keys()]:
        for path in ends:
            del left[path]
    assert not left, sorted(path.name for path in left)
