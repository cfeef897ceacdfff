"""The clients shown in docs/realtime.md, run as they stand against the real server."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.conformance.javascript import HERE, install, node
from tests.running import RunningServer

PAGE = (Path(__file__).parents[2] / "docs" / "realtime.md").read_text()


@pytest.mark.parametrize("language", ["js", "python"])
async def test_the_documented_client_shows_the_score(language: str, tmp_path: Path) -> None:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    with RunningServer(tmp_path / "data") as server:
        event = {"type": "review", "subject": "seller:42", "value": 5}
        await _post(server, event)
        source = found[1].replace("localhost:8000", f"127.0.0.1:{server.port}")
        assert source != found[1]
        process = await asyncio.create_subprocess_exec(
            *_command(language, source, tmp_path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert process.stdout is not None
        try:
            assert (await process.stdout.readline()).split()[1] == b"1"
            await _post(server, event)
            assert (await process.stdout.readline()).split()[1] == b"2"
        finally:
            process.kill()
            await process.communicate()


async def _post(server: RunningServer, event: dict[str, object]) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{server.url}/v1/events", json=event)
        assert answer.json()["status"] == "applied"


def _command(language: str, source: str, folder: Path) -> list[str | Path]:
    if language == "python":
        path = folder / "snippet.py"
        path.write_text(source)
        return [sys.executable, path]
    install()
    path = folder / "snippet.mjs"
    path.write_text(source)
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    return [node(), path]
