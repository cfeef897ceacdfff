"""`renown serve` and `renown demo`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from renown.cli.options import Config, Data, Dev, Host, Json, Port, Workers
from renown.cli.output import command

if TYPE_CHECKING:
    from renown.server.settings import Settings

__all__ = ["demo", "serve"]


@command
def serve(
    *,
    dev: Dev = False,
    config: Config = None,
    data: Data = None,
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the log as JSON.")] = False,
) -> None:
    """Run the server: HTTP API, realtime gateway and dashboard."""
    from renown.server.runtime import run

    flags = {"data": data, "host": host, "port": port, "workers": workers}
    run(_settings(config, dev=dev or None, as_json=as_json, **flags))


@command
def demo(
    *,
    config: Config = None,
    data: Data = None,
    port: Port = None,
    seed: Annotated[int, typer.Option("--seed", help="Another number, another marketplace.")] = 7,
    rate: Annotated[
        float, typer.Option("--rate", help="Events per second, on average.", min=0.1, max=200.0)
    ] = 4.0,
    as_json: Json = False,
) -> None:
    """Run a server with a simulated marketplace that keeps moving."""
    from renown.server.demo import companion
    from renown.server.runtime import run

    folder = data or "renown-data/demo"
    settings = _settings(config, dev=True, data=folder, host=None, port=port, as_json=as_json)
    run(settings, companion(seed=seed, rate=rate))


def _settings(config: Any, *, as_json: bool, **flags: Any) -> "Settings":
    import os

    from renown.server.loading import load
    from renown.server.logs import configure

    flags["log.format"] = "json" if as_json else None
    settings = load(config, os.environ, flags).settings
    configure(settings.log)
    return settings
