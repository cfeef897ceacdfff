"""The OpenAPI document: made by Litestar from the handlers' types, with the bodies it does not read."""

from typing import Any, Final

import msgspec
from litestar import MediaType, Request
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Tag

from renown import __version__
from renown.api.server_methods import METHODS
from renown.api.tokens import TokenRequest
from renown.api.users import Revocation
from renown.gateway.admission.rights import Departure
from renown.model import Event
from renown.protocol.access import Rights

__all__ = ["config"]

_KEY: Final = "^[a-z][a-z0-9_-]{0,31}:[!-~]{1,128}$"
_BADGE: Final = "^[a-z][a-z0-9_-]{0,31}:[!-~]{1,120}\\.(svg|json)$"
_BODIES: Final[dict[tuple[str, str], type[msgspec.Struct]]] = {
    ("/v1/tokens", "post"): TokenRequest,
    ("/v1/tokens/revoke", "post"): Revocation,
    ("/v1/users/{user}/rights", "put"): Rights,
    ("/v1/users/{user}/disconnect", "post"): Departure,
}
"""Bodies that handlers decode by themselves, with clearer errors."""
_DESCRIPTION = (
    "Tell Renown what happened; read every score, why it is what it is, and how it came to be so. "
    "Errors are RFC 9457 problem details with a stable code."
)


def config() -> OpenAPIConfig:
    """Return what the document says beside the handlers."""
    return OpenAPIConfig(
        title="Renown",
        version=__version__,
        description=_DESCRIPTION,
        path="/schema",
        render_plugins=[_Document()],
        tags=[
            Tag(name="events", description="What happened"),
            Tag(name="standings", description="What follows from it"),
            Tag(name="boards", description="The best of a kind"),
            Tag(name="badges", description="For places without scripts"),
            Tag(name="policies", description="The rules, trying others and switching to them"),
            Tag(name="users", description="What users may, and their connections"),
            Tag(name="server", description="The server itself"),
        ],
        components=Components(
            security_schemes={
                "key": SecurityScheme(type="http", scheme="bearer", description="An API key, rk_…"),
                "header": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
            }
        ),
        security=[{}, {"key": []}, {"header": []}],
    )


class _Document(OpenAPIRenderPlugin):
    """Serves the document as JSON: no page that loads scripts from elsewhere."""

    def __init__(self) -> None:
        super().__init__(path=["/", "/openapi.json"], media_type=MediaType.JSON)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the document with the bodies that handlers read by themselves."""
        del request
        return msgspec.json.encode(_complete(openapi_schema))


def _complete(schema: dict[str, Any]) -> dict[str, Any]:
    (event, *bodies), components = msgspec.json.schema_components(
        (Event, *_BODIES.values()), ref_template="#/components/schemas/{name}"
    )
    schema["components"]["schemas"].update(components)
    for (path, method), body in zip(_BODIES, bodies, strict=True):
        schema["paths"][path][method]["requestBody"] = _json(body)
    schema["paths"]["/api/{method}"]["post"]["requestBody"] = _json(
        {"type": "object", "description": "The fields of the method; see the page about the HTTP API"}
    )
    one_or_many = {"oneOf": [event, {"type": "array", "items": event}]}
    lines = {"type": "string", "description": "One event per line"}
    schema["paths"]["/v1/events"]["post"]["requestBody"] = {
        "required": True,
        "content": {
            "application/json": {"schema": one_or_many},
            "application/x-ndjson": {"schema": lines},
        },
    }
    badge = schema["paths"]["/badge/{file}"]["get"]["responses"]["200"]["content"]
    badge["application/json"] = {"schema": {"type": "object", "description": "The shields.io endpoint form"}}
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                _narrow(parameter)
    return schema


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _narrow(parameter: dict[str, Any]) -> None:
    """Say what keys look like; the handlers check it by themselves, with a clearer error."""
    if parameter["name"] == "method":
        parameter["schema"]["enum"] = sorted(METHODS)
    pattern = {"subject": _KEY, "file": _BADGE}.get(parameter["name"])
    if pattern is not None:
        target = parameter["schema"]
        target = target.get("items", target)
        target |= {"pattern": pattern, "examples": ["seller:42" + (".svg" if pattern == _BADGE else "")]}
