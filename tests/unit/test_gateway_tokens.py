"""Client tokens: what is taken, what is refused, and why."""

import base64
import hmac
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey

from renown.errors import SettingsError
from renown.gateway.admission.tokens import Tokens
from renown.gateway.options import KeyOptions, TokenOptions
from renown.protocol.access import Override, Refusal, Rights, ServerSubscription, TokenRefused

SECRET, OTHER = "one secret of at least 32 bytes..", "another secret, of 32 bytes too.."
PUBLIC = RSAKey.generate_key(2048).as_pem(private=False).decode()
NOW = 1_000_000.0


def tokens(**options: Any) -> Tokens:
    return Tokens(TokenOptions(**options), clock=lambda: NOW)


def sign(key: Key, algorithm: str, **claims: Any) -> str:
    header = {"alg": algorithm} | ({"kid": key.kid} if key.kid else {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return jwt.encode(header, claims, key, algorithms=[algorithm])


def hs(secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    return sign(OctKey.import_key(secret), algorithm, **claims)


def refusal(check: Any, token: str) -> Refusal:
    with pytest.raises(TokenRefused) as refused:
        check(token)
    return refused.value.why


def test_what_is_issued_is_good() -> None:
    issuer = tokens(secret=SECRET, audience="renown", issuer="shop")
    found = issuer.connection(issuer.issue("ana", lifetime=60))
    assert (found.user, found.ttl) == ("ana", 60)
    channel = issuer.subscription(issuer.issue("ana", channel="standing:seller:42"))
    assert (channel.user, channel.channel, channel.ttl) == ("ana", "standing:seller:42", 3600)


def test_without_a_secret_nothing_is_issued_and_nothing_is_good() -> None:
    assert not tokens().can_issue
    with pytest.raises(SettingsError):
        tokens().issue("ana")
    assert refusal(tokens().connection, hs()) is Refusal.INVALID


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_shared_secrets_and_their_rotation(algorithm: str) -> None:
    key = OctKey.import_key(OTHER * 2)
    token = sign(key, algorithm, sub="ana")
    assert tokens(secret=SECRET, previous_secret=OTHER * 2).connection(token).user == "ana"
    assert refusal(tokens(secret=SECRET).connection, token) is Refusal.INVALID


@pytest.mark.parametrize(
    "claims, why",
    [
        ({"exp": NOW}, Refusal.EXPIRED),
        ({"exp": NOW - 1}, Refusal.EXPIRED),
        ({"nbf": NOW + 1}, Refusal.EXPIRED),
        ({"exp": "soon"}, Refusal.INVALID),
        ({"sub": 7}, Refusal.INVALID),
        ({"channel": "standing:seller:42"}, Refusal.INVALID),
        ({"aud": "b"}, Refusal.INVALID),
        ({"iss": "y"}, Refusal.INVALID),
        ({"aud": None}, Refusal.INVALID),
    ],
)
def test_claims_that_are_refused(claims: dict[str, Any], why: Refusal) -> None:
    token = hs(**{"sub": "ana", "aud": ["a", "z"], "iss": "x", "exp": NOW + 60, **claims})
    assert refusal(tokens(secret=SECRET, audience="a", issuer="x").connection, token) is why


def test_expire_at_decides_the_lifetime() -> None:
    check = tokens(secret=SECRET).connection
    assert check(hs(exp=NOW + 60)).ttl == 60
    assert check(hs(exp=NOW + 60, expire_at=NOW + 600)).ttl == 600
    assert check(hs(exp=NOW + 60, expire_at=NOW - 5)).ttl == -5
    assert check(hs(exp=NOW + 60, expire_at=0)).ttl is None
    assert check(hs()).ttl is None
    assert check(hs()).user == ""


def test_subscription_tokens() -> None:
    check = tokens(secret=SECRET).subscription
    found = check(hs(sub="ana", channel="a:1", client="c", data={"a": [1, 2]}))
    assert (found.user, found.channel, found.client) == ("ana", "a:1", "c")
    assert found.data is not None
    assert bytes(found.data) == b'{"a":[1,2]}'
    encoded = base64.b64encode(b'{\n "b": 1 }').decode()
    second = check(hs(channel="a:1", data=1, b64data=encoded))
    assert second.data is not None
    assert bytes(second.data) == b'{"b":1}'
    assert check(hs(channel="a:1", data=None)).data is None
    assert refusal(check, hs(sub="ana")) is Refusal.INVALID
    assert refusal(check, hs(channel="a:1", b64data="?")) is Refusal.INVALID


def test_claims_of_connections() -> None:
    check = tokens(secret=SECRET).connection
    found = check(
        hs(
            sub="ana",
            iat=NOW - 5.5,
            jti="t-1",
            info={"name": "Ana"},
            channels=["chat:1", "chat:2"],
            rights={"roles": ["moderator"], "subscribe": ["chat:*"], "blocked": False},
            meta={"kept": "by others"},
        )
    )
    assert (found.token_id, found.issued_at) == ("t-1", NOW - 5.5)
    assert found.info is not None
    assert bytes(found.info) == b'{"name":"Ana"}'
    assert found.subs == {"chat:1": ServerSubscription(), "chat:2": ServerSubscription()}
    assert found.rights == Rights(roles=("moderator",), subscribe=("chat:*",))
    plain = check(hs(sub="ana"))
    assert (plain.token_id, plain.issued_at, plain.info, plain.subs) == ("", 0.0, None, {})


def test_subs_win_over_channels_and_base64_over_plain() -> None:
    encoded = base64.b64encode(b'{"b": 1}').decode()
    said = {
        "info": {"a": 1},
        "b64info": encoded,
        "data": [1],
        "override": {"presence": {"value": True}, "force_recovery": {"value": False}, "join_leave": None},
    }
    found = tokens(secret=SECRET).connection(hs(channels=["chat:9"], subs={"chat:1": said, "chat:2": {}}))
    assert set(found.subs) == {"chat:1", "chat:2"}
    one = found.subs["chat:1"]
    assert one.info is not None
    assert one.data is not None
    assert (bytes(one.info), bytes(one.data)) == (b'{"b":1}', b"[1]")
    assert one.override == Override(presence=True, force_recovery=False)
    assert found.subs["chat:2"] == ServerSubscription()


def test_claims_of_subscriptions() -> None:
    override = {"force_positioning": {"value": True}}
    token = hs(channel="chat:1", info=7, jti="s-1", iat=NOW, override=override)
    found = tokens(secret=SECRET).subscription(token)
    assert found.info is not None
    assert (bytes(found.info), found.token_id, found.issued_at) == (b"7", "s-1", NOW)
    assert found.override == Override(force_positioning=True)


@pytest.mark.parametrize(
    "claims",
    [
        {"rights": {"root": True}},
        {"rights": ["admin"]},
        {"subs": ["chat:1"]},
        {"subs": {"chat:1": {"b64info": "?"}}},
        {"channels": "chat:1"},
        {"b64info": "not base64"},
        {"iat": "now"},
        {"override": {"presence": True}, "channel": "chat:1"},
    ],
)
def test_claims_that_cannot_be_meant(claims: dict[str, Any]) -> None:
    check = tokens(secret=SECRET)
    assert refusal(check.subscription if "channel" in claims else check.connection, hs(**claims)) is (
        Refusal.INVALID
    )


def test_issued_tokens_carry_further_claims() -> None:
    issuer = tokens(secret=SECRET)
    further = {"info": {"a": 1}, "channels": ["chat:1"], "rights": {"roles": ["x"]}}
    found = issuer.connection(issuer.issue("ana", claims=further))
    assert (found.rights.roles, list(found.subs), found.issued_at) == (("x",), ["chat:1"], NOW)
    assert found.token_id
    assert found.token_id != issuer.connection(issuer.issue("ana")).token_id


def test_the_previous_secret_ends() -> None:
    token = hs(OTHER, sub="ana")
    for until in (str(NOW + 1), "1970-01-12T13:46:41Z"):
        assert tokens(secret=SECRET, previous_secret=OTHER, previous_valid_until=until).connection(token)
    for until in (str(NOW), "1970-01-12T13:46:40Z"):
        ended = tokens(secret=SECRET, previous_secret=OTHER, previous_valid_until=until)
        assert refusal(ended.connection, token) is Refusal.INVALID
        assert ended.connection(hs(sub="ana")).user == "ana"


def test_subscription_tokens_may_have_their_own_keys() -> None:
    both = tokens(secret=SECRET, subscription=KeyOptions(secret=OTHER))
    token = both.issue("ana", channel="a:1")
    assert both.subscription(token).channel == "a:1"
    assert refusal(both.subscription, hs(channel="a:1")) is Refusal.INVALID
    assert refusal(tokens(secret=SECRET).subscription, token) is Refusal.INVALID


def private(algorithm: str, kid: str | None = None) -> Key:
    parameters: Any = {"kid": kid} if kid else None
    if algorithm.startswith("RS"):
        return RSAKey.generate_key(2048, parameters, auto_kid=False)
    if algorithm.startswith("ES"):
        return ECKey.generate_key({"ES256": "P-256", "ES384": "P-384"}[algorithm], parameters, auto_kid=False)
    return OKPKey.generate_key("Ed25519", parameters, auto_kid=False)


def pem(key: Any, path: Path) -> str:
    path.write_bytes(key.as_pem(private=False))
    return str(path)


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "ES256", "ES384", "EdDSA", "Ed25519"])
def test_public_keys(algorithm: str, tmp_path: Path) -> None:
    key = private(algorithm)
    trusting = tokens(public_key_file=pem(key, tmp_path / "key.pem"))
    assert trusting.connection(sign(key, algorithm, sub="ana")).user == "ana"
    assert refusal(trusting.connection, sign(private(algorithm), algorithm)) is Refusal.INVALID


def test_key_sets_are_searched_by_key_id(tmp_path: Path) -> None:
    first, second, unknown = private("RS256", "1"), private("ES256", "2"), private("RS256", "3")
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(KeySet([first, second]).as_dict(private=False)))
    check = tokens(jwks_file=str(path)).connection
    assert check(sign(first, "RS256", sub="a")).user == "a"
    assert check(sign(second, "ES256", sub="b")).user == "b"
    assert refusal(check, sign(unknown, "RS256")) is Refusal.INVALID


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_public_key_is_no_shared_secret(tmp_path: Path) -> None:
    """The classic forgery: HS256 with the text of the public key as its secret."""
    path = pem(private("RS256"), tmp_path / "key.pem")
    body = f"{part({'alg': 'HS256'})}.{part({'sub': 'admin'})}"
    signature = hmac.digest(Path(path).read_bytes(), body.encode(), "sha256")
    forged = f"{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
    assert refusal(tokens(public_key_file=path).connection, forged) is Refusal.INVALID
    assert refusal(tokens(public_key_file=path, secret=SECRET).connection, forged) is Refusal.INVALID


def test_none_is_no_algorithm() -> None:
    for algorithm in ("none", "None", "NONE", ""):
        token = f"{part({'alg': algorithm})}.{part({'sub': 'admin'})}."
        assert refusal(tokens(secret=SECRET).connection, token) is Refusal.INVALID


def test_a_changed_token_is_refused() -> None:
    head, body, signature = hs(sub="ana").split(".")
    other = hs(sub="eve").split(".")[1]
    for token in (f"{head}.{other}.{signature}", f"{head}.{body}.", f"{head}.{body}.{signature[::-1]}"):
        assert refusal(tokens(secret=SECRET).connection, token) is Refusal.INVALID


@settings(deadline=None)
@given(
    st.text(max_size=60) | st.lists(st.text("abcZ09-_=", max_size=12), min_size=3, max_size=3).map(".".join)
)
def test_anything_else_is_refused(text: str) -> None:
    assert refusal(tokens(secret=SECRET).connection, text) is Refusal.INVALID


@pytest.mark.parametrize(
    "options, field",
    [
        ({"secret": "short"}, "tokens.secret"),
        ({"secret": PUBLIC}, "tokens.secret"),
        ({"public_key_file": "/nowhere"}, "tokens.public_key_file"),
        ({"jwks_file": "/nowhere"}, "tokens.jwks_file"),
        ({"subscription": KeyOptions(secret="short")}, "tokens.subscription.secret"),
        ({"previous_valid_until": "soon"}, "tokens.previous_valid_until"),
        ({"previous_valid_until": "2026-11-22T10:00:00"}, "tokens.previous_valid_until"),
        ({"jwks_url": "file:///etc/passwd"}, "tokens.jwks_url"),
        ({"jwks_url": "nowhere"}, "tokens.jwks_url"),
    ],
)
def test_settings_that_cannot_be_used(options: dict[str, Any], field: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        tokens(**options)
    assert wrong.value.field == field


def test_files_that_hold_no_key(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for content in ("", "{}", '{"keys":1}', '{"keys":[{"kty":"?"}]}', "-----BEGIN PUBLIC KEY-----\n"):
        path.write_text(content)
        for name in ("public_key_file", "jwks_file"):
            with pytest.raises(SettingsError):
                tokens(**{name: str(path)})
