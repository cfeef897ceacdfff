"""The OpenAPI document: made by Litestar from the handlers' types, with the bodies it does not read."""

from typing import Any

import msgspec
from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Tag

from renown import __version__
from renown.model import Event

__all__ = ["config", "document"]

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
        path="/openapi",
        render_plugins=[],
        tags=[
            Tag(name="events", description="What happened"),
            Tag(name="standings", description="What follows from it"),
            Tag(name="boards", description="The best of a kind"),
            Tag(name="badges", description="For places without scripts"),
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


def document(app: Litestar) -> dict[str, Any]:
    """Return the document as JSON's objects."""
    schema: dict[str, Any] = app.openapi_schema.to_schema()
    (event,), components = msgspec.json.schema_components(
        (Event,), ref_template="#/components/schemas/{name}"
    )
    schema["components"]["schemas"].update(components)
    one_or_many = {"oneOf": [event, {"type": "array", "items": event}]}
    lines = {"type": "string", "description": "One event per line"}
    schema["paths"]["/v1/events"]["post"]["requestBody"] = {
        "required": True,
        "content": {
            "application/json": {"schema": one_or_many},
            "application/x-ndjson": {"schema": lines},
        },
    }
    return schema
