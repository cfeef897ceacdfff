"""Tokens signed with a shared secret are checked here rather than by the library: as strictly as it does."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.util import urlsafe_b64decode

from renown.gateway.admission import tokens
from renown.gateway.admission.tokens import Tokens
from renown.gateway.options import TokenOptions
from renown.protocol.access import TokenRefused

SECRET = "a-secret-of-thirty-two-bytes-or-more"
TOKENS = Tokens(TokenOptions(secret=SECRET))


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: dict[str, Any], payload: bytes = b'{"sub":"ana"}', secret: str = SECRET) -> str:
    body = f"{part(json.dumps(header).encode())}.{part(payload)}"
    return f"{body}.{part(hmac.digest(secret.encode(), body.encode(), hashlib.sha256))}"


GOOD = signed({"alg": "HS256"})


def test_a_token_with_the_usual_header_is_good():
    assert TOKENS.connection(GOOD).user == "ana"
    assert TOKENS.connection(signed({"alg": "HS256", "typ": "JWT", "kid": "any"})).user == "ana"


@pytest.mark.parametrize(
    "token",
    [
        signed({"alg": "HS256", "crit": ["exp"]}),
        signed({"alg": "HS256"}, secret=SECRET + "x"),
        signed({"alg": "HS512"}),
        GOOD[:-1],
        GOOD + "=",
        GOOD[:-2] + "+/",
        GOOD.rpartition(".")[0] + ".",
        GOOD.rpartition(".")[0] + ".\u00e9",
        GOOD.replace(part(b'{"sub":"ana"}'), part(b'{"sub":"bob"}')),
    ],
)
def test_what_the_library_refuses_is_refused(token: str):
    with pytest.raises((JoseError, ValueError)):
        jws.deserialize_compact(token, OctKey.import_key(SECRET), algorithms=["HS256"])
    with pytest.raises(TokenRefused):
        TOKENS.connection(token)


@given(st.one_of(st.binary(max_size=12), st.text("AQgw-_+/=z09\n ", max_size=12).map(str.encode)))
def test_base64url_is_read_as_strictly_as_the_library_does(text: bytes) -> None:
    assert read(tokens._unpacked, text) == read(urlsafe_b64decode, text)  # pyright: ignore[reportPrivateUsage] - held to the library


def read(decode: Callable[[bytes], bytes], text: bytes) -> bytes | None:
    try:
        return decode(text)
    except ValueError:
        return None
