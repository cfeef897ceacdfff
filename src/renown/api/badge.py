"""An image of a standing for places without scripts, and its shields.io endpoint form."""

from html import escape
from typing import Annotated, Final

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Parameter

from renown.api.problem import documented
from renown.api.reading import (
    AnyRequest,
    At,
    KeysUnavailableError,
    ParameterError,
    guard,
    json_response,
    moment,
)
from renown.api.services import Services, Use
from renown.api.standings import etag, matches
from renown.errors import AuthenticationError, EventError, ForbiddenError
from renown.model import Standing, is_key, kind_of

__all__ = ["get_badge"]

_CACHE: Final = "public, max-age=30, stale-while-revalidate=300"
_GREY: Final = "#6b7280"
_UNKNOWN: Final = "–"
_OPEN: Final = 1_000
"""A scale wider than this, such as one of points, is as good as without an end: nobody is ever near it."""
_standing = msgspec.json.Decoder(Standing)
_WIDE: Final = frozenset("mwMW@%–")
_NARROW: Final = frozenset("iljtfrI.,:;'|!()[] 1")


class Shield(msgspec.Struct, frozen=True, rename="camel"):
    """The form that shields.io reads from an endpoint."""

    schema_version: int
    label: str
    message: str
    color: str
    cache_seconds: int = 300


class Face(msgspec.Struct, frozen=True):
    """What a badge shows."""

    label: str
    message: str
    title: str
    color: str
    version: int


@get(
    "/badge/{file:str}",
    summary="A standing as an image, or for shields.io",
    tags=["badges"],
    responses={
        200: ResponseSpec(
            str, generate_examples=False,
            media_type="image/svg+xml",  # pyright: ignore[reportArgumentType]  # Litestar's enum lacks it
            description="{subject}.svg: the image. {subject}.json: the endpoint form of shields.io",
        ),
        304: ResponseSpec(None, generate_examples=False, description="You have the newest one"),
        **documented(400, 404),
    },
)  # fmt: skip
async def get_badge(
    request: AnyRequest,
    services: Use,
    file: Annotated[str, Parameter(description="{subject}.svg or {subject}.json")],
    at: At = None,
) -> Response[bytes]:
    """Return the badge of a subject; one about whom nothing is known gets a dash, not an error."""
    subject, _, form = file.replace("%2F", "/").rpartition(".")
    if form not in ("svg", "json"):
        raise ParameterError(
            "A badge is an .svg or a .json.", code="unknown_form", field="file", expected=".svg"
        )
    if not is_key(subject):
        raise ParameterError(
            f"{subject[:80]!r} is no subject.",
            code="invalid_subject",
            field="file",
            expected="kind:id.svg, such as seller:42.svg",
        )
    face = await _face(request, services, subject, moment(at))
    headers = {"etag": etag(face.version), "cache-control": _CACHE}
    if matches(request.headers.get("if-none-match"), headers["etag"]):
        return Response(b"", status_code=304, headers=headers)
    if form == "json":
        shield = Shield(1, face.label, face.message, face.color.removeprefix("#"))
        return json_response(shield, headers=headers)
    headers["content-security-policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    return Response(draw(face).encode(), media_type="image/svg+xml", headers=headers)


async def _face(request: AnyRequest, services: Services, subject: str, when: float | None) -> Face:
    label = kind_of(subject)
    nothing = Face(label, _UNKNOWN, f"{subject}: no standing yet", _GREY, 0)
    try:
        reader = await guard(request, services)
    except (AuthenticationError, ForbiddenError, KeysUnavailableError):
        return nothing
    if not reader.sees(subject, "standing"):
        return nothing
    if when is None:
        found = await services.ledger.snapshot(subject)
        standing = None if found is None else _standing.decode(found[1])
    else:
        standing = await services.ledger.standing_at(subject, when) if _is_known(services, subject) else None
    if standing is None:
        return nothing
    if standing.provisional:
        return Face(label, "new", f"{subject}: new, not enough evidence yet", _GREY, standing.version)
    return _shown(services, standing, label)


def _is_known(services: Services, subject: str) -> bool:
    return services.policies.get(kind_of(subject)) is not None


def _shown(services: Services, standing: Standing, label: str) -> Face:
    try:
        scale = services.policies.for_subject(standing.subject).scale
    except EventError:
        low, high, decimals = 0.0, None, 1
    else:
        low, high, decimals = scale.min, scale.max, scale.decimals
    number = f"{standing.score:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")
    tier = f" · {standing.tier}" if standing.tier else ""
    title = f"{standing.subject}: {number}{tier}, from {standing.count}"
    return Face(label, f"{number}{tier}", title, _color(standing.score, low, high), standing.version)


def _color(score: float, low: float | None, high: float | None) -> str:
    """Return red to green along the scale; blue where the scale has no ends."""
    if low is None or high is None or not 0 < high - low <= _OPEN:
        return "#2563eb"
    part = (score - low) / (high - low)
    steps = ((0.8, "#15803d"), (0.65, "#4d7c0f"), (0.5, "#a16207"), (0.35, "#c2410c"))
    return next((color for least, color in steps if part >= least), "#b91c1c")


def _width(text: str) -> int:
    """Return about how wide `text` is in pixels at 11 px in a sans-serif face."""
    return round(sum(9.5 if c in _WIDE else 4.2 if c in _NARROW else 6.7 for c in text))


def draw(face: Face) -> str:
    """Return the badge as SVG, readable by screen readers through its title."""
    left, right = _width(face.label) + 14, _width(face.message) + 16
    width = left + right
    title, label, message = escape(face.title), escape(face.label), escape(face.message)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="22" viewBox="0 0 {width} 22"'
        f' role="img" aria-labelledby="t"><title id="t">{title}</title>'
        f'<clipPath id="c"><rect width="{width}" height="22" rx="5"/></clipPath>'
        f'<g clip-path="url(#c)"><path fill="#1f2937" d="M0 0h{left}v22H0z"/>'
        f'<path fill="{face.color}" d="M{left} 0h{right}v22H{left}z"/></g>'
        '<g fill="#fff" text-anchor="middle" font-size="11" text-rendering="geometricPrecision"'
        ' font-family="system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif">'
        f'<text x="{left / 2:g}" y="15" textLength="{left - 14}">{label}</text>'
        f'<text x="{left + right / 2:g}" y="15" font-weight="600" textLength="{right - 16}">{message}</text>'
        "</g></svg>"
    )
