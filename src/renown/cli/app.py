"""All commands by name. What a command needs is imported when it runs, so that help is quick."""

from typing import Annotated

import typer

from renown.cli import config, events, keys, ledger, policies, reading, serving
from renown.cli.output import VERSION_HELP, show_version

__all__ = ["app"]

app = typer.Typer(
    name="renown",
    help="The live reputation server: keeps every score right, explains it, shows each change at once.",
    add_completion=True,
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 no server, 4 not found,"
    " 5 not allowed, 6 a check found faults.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help=VERSION_HELP)
    ] = False,
) -> None:
    del version


app.command("serve")(serving.serve)
app.command("demo")(serving.demo)
app.command("replay")(events.replay)
app.command("event")(events.event)
app.command("show")(reading.show)
app.command("explain")(reading.explain)
app.command("watch")(reading.watch)
app.command("token")(keys.token)
app.add_typer(keys.app, name="key")
app.add_typer(policies.app, name="policy")
app.command("rebuild")(ledger.rebuild)
app.command("export")(ledger.export)
app.command("erase")(ledger.erase)
app.add_typer(config.app, name="config")
app.command("doctor")(ledger.doctor)
