"""`renown token` and `renown key`."""

from typing import Annotated, Any

import typer

from renown.cli.options import Config, Data, Json
from renown.cli.output import command, note, print_json, stamp

__all__ = ["app", "token"]

app = typer.Typer(help="API keys of the ledger in the data folder.", no_args_is_help=True)


@command
def token(
    user: Annotated[str, typer.Argument(help="The user's id; empty for an anonymous one.")] = "",
    *,
    channel: Annotated[str | None, typer.Option("--channel", help="For subscribing to this channel.")] = None,
    lifetime: Annotated[
        float | None, typer.Option("--lifetime", help="Seconds that it is good.", min=1)
    ] = None,
    rights: Annotated[
        str | None, typer.Option("--rights", help="What the user may, as JSON.", metavar="JSON")
    ] = None,
    info: Annotated[
        str | None, typer.Option("--info", help="What others see of the user, as JSON.", metavar="JSON")
    ] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Mint a client token with the secret tokens.secret of the settings."""
    from renown.cli.local import local_settings
    from renown.gateway.admission.rights import claim_of
    from renown.gateway.admission.tokens import Tokens
    from renown.protocol.access import Rights

    claims = {
        "rights": None if rights is None else claim_of(_given(rights, Rights, "rights")),
        "info": None if info is None else _given(info, dict, "info"),
    }
    tokens = Tokens(local_settings(config).tokens)
    text = tokens.issue(user, channel=channel, lifetime=lifetime, claims=claims)
    if as_json:
        print_json({"token": text})
    else:
        print(text)


def _given(text: str, kind: Any, name: str) -> Any:
    """Return the value of an option that is JSON."""
    import msgspec

    from renown.errors import SettingsError

    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise SettingsError(
            f"--{name} cannot be read: {error}.", field=name, expected="a JSON object"
        ) from error


@app.command("create")
@command
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", help="events, read, tokens, rooms or users; repeatable. Default: events and read."
        ),
    ] = None,
    config: Config = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make an API key and show its secret, once."""
    from renown.api.access import SCOPES
    from renown.cli.local import local_settings, open_ledger
    from renown.errors import SettingsError
    from renown.policy.nearest import expected_one_of

    scopes = scope or ["events", "read"]
    for one in scopes:
        if one not in SCOPES:
            raise SettingsError(
                f"There is no scope {one}.", field="scope", expected=expected_one_of(one, SCOPES)
            )
    keys = open_ledger(local_settings(config, data=data), create=True).keys
    id_, secret = keys.create(name, scopes)
    if as_json:
        print_json({"id": id_, "name": name, "scopes": scopes, "secret": secret})
        return
    note(f"Key {id_} ({', '.join(scopes)}). Keep it now: it is not shown again.")
    print(secret)


@app.command("list")
@command
def list_keys(*, config: Config = None, data: Data = None, as_json: Json = False) -> None:
    """List the API keys, without their secrets."""
    from renown.cli.local import local_settings, open_ledger
    from renown.model import timestamp

    found = open_ledger(local_settings(config, data=data)).keys.list()
    if as_json:
        print_json(found)
        return
    if not found:
        note("There are no keys. Make one with: renown key create NAME")
    for key in found:
        state = f"revoked {stamp(timestamp(key.revoked_at))}" if key.revoked_at else "live"
        made = stamp(timestamp(key.created_at))
        print(f"{key.id}  {made}  {state:<28}  {','.join(key.scopes):<20}  {key.name}")


@app.command("revoke")
@command
def revoke(
    id_: Annotated[str, typer.Argument(help="The key's id, from: renown key list.", metavar="ID")],
    *,
    config: Config = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Revoke an API key; a running server refuses it at once."""
    from renown.cli.local import local_settings, open_ledger

    open_ledger(local_settings(config, data=data)).keys.revoke(id_)
    if as_json:
        print_json({"id": id_, "revoked": True})
    else:
        print(f"Key {id_} is revoked.")
