"""Imports run one way, and pure rooms stay pure."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "renown"
ORDER: list[str] = [
    *("model", "errors", "policy", "scoring", "stores", "ledger", "bus", "intake", "protocol"),
    *("rooms", "gateway", "api", "client", "server", "cli"),
]
PURE = {"policy", "scoring", "protocol"}
IMPURE_MODULES = {
    "asyncio",
    "socket",
    "sqlite3",
    "sqlalchemy",
    "time",
    "random",
    "threading",
    "httpx",
    "uvicorn",
}


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def _room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", _files(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_room_imports_only_rooms_to_its_left(path: Path) -> None:
    room = _room(path)
    if room == "__init__":
        return
    for name in _imports(path):
        parts = name.split(".")
        if parts[0] == "renown" and len(parts) > 1 and parts[1] in ORDER:
            assert ORDER.index(parts[1]) <= ORDER.index(room), f"{room} imports {name}"


@pytest.mark.parametrize(
    "path", [p for p in _files() if _room(p) in PURE], ids=lambda p: str(p.relative_to(SOURCE))
)
def test_pure_rooms_do_no_io_and_read_no_clock(path: Path) -> None:
    assert not {name.split(".")[0] for name in _imports(path)} & IMPURE_MODULES
