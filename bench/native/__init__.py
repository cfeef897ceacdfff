"""The parts written in C: the load generators and the floors that nothing can go under."""

import shutil
import subprocess
from pathlib import Path

__all__ = ["OUT", "build"]

OUT = Path(__file__).parent.parent / "out"
"""Where built programs, logs and data of the benches go; not kept in the repository."""


def build(name: str) -> Path:
    """Compile `native/<name>.c` unless the program is newer than all sources; return the program's path.

    Raises RuntimeError when there is no C compiler.
    """
    folder = Path(__file__).parent
    program = OUT / name
    newest = max(path.stat().st_mtime for path in folder.glob("*.[ch]"))
    if program.exists() and program.stat().st_mtime > newest:
        return program
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("the benches need a C compiler (Debian: apt-get install gcc libc6-dev)")
    OUT.mkdir(exist_ok=True)
    flags = ["-O2", "-Wall", "-Wextra", "-std=gnu11", "-pthread"]
    subprocess.run([compiler, *flags, "-o", program, folder / f"{name}.c"], check=True)
    return program
