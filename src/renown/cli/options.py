"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Config", "Data", "Dev", "Host", "Json", "Key", "Port", "Url", "Workers"]

Config = Annotated[
    Path | None,
    typer.Option("--config", envvar="RENOWN_CONFIG", help="Settings file (TOML).", metavar="FILE"),
]
Data = Annotated[
    str | None,
    typer.Option(
        "--data", help="Folder of the ledger (default: renown-data), or an exported file.", metavar="DIR"
    ),
]
Dev = Annotated[bool, typer.Option("--dev", help="Dev mode: no keys, all policy presets, this machine only.")]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on (default: 127.0.0.1).")]
Port = Annotated[
    int | None, typer.Option("--port", help="Port to listen on (default: 8000).", min=0, max=65535)
]
Workers = Annotated[
    int | None, typer.Option("--workers", help="Processes that share the port (default: 1).", min=1, max=64)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Url = Annotated[str, typer.Option("--url", envvar="RENOWN_URL", help="Where the server is.", metavar="URL")]
Key = Annotated[
    str | None,
    typer.Option("--key", envvar="RENOWN_KEY", help="API key; dev mode needs none.", metavar="KEY"),
]
DEFAULT_URL = "http://127.0.0.1:8000"
