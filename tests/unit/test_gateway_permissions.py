"""Who may what: visibility, namespaces, scopes, rights; and what changes once rights do."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renown.bus.memory import MemoryBus
from renown.errors import EventError, SettingsError
from renown.gateway.admission.permissions import ANYBODY, Permissions
from renown.gateway.admission.rights import Patterns, check_rights, in_audience
from renown.gateway.channels import Channels, Source
from renown.gateway.gateway import Gateway
from renown.gateway.options import ChannelRule, ChannelRules, GatewayOptions, RoomRule, Scope
from renown.ledger import Ledger
from renown.policy import Policies, load, preset_text
from renown.protocol.access import (
    Action,
    ConnectionClaims,
    Limits,
    Rights,
    ServerSubscription,
    SubscriptionClaims,
)
from renown.protocol.caller import Caller
from renown.protocol.codec import JSON
from renown.protocol.codes import Error
from renown.protocol.outcomes import Failed
from renown.protocol.subscribing import permit, stands
from renown.protocol.subscriptions import Subscription, Subscriptions

SELLER = preset_text("seller")


def policies(visibility: str = "") -> Policies:
    shop = SELLER.replace('name = "seller"', 'name = "shop"').replace('kind = "seller"', 'kind = "shop"')
    return Policies([load(SELLER), load(f"{shop}\n[visibility]\n{visibility}\n")])


def permissions(visibility: str = "", rooms: Any = None, book: Any = None, **rules: Any) -> Permissions:
    loaded = policies(visibility)
    channels = Channels(GatewayOptions(rooms=rooms or {}, channels=ChannelRules(**rules)), loaded.kinds)
    return Permissions(channels, loaded, book)


def user(name: str = "ana", **rights: Any) -> ConnectionClaims:
    return ConnectionClaims(user=name, rights=Rights(**rights))


def may(
    asked: Permissions, channel: str, who: ConnectionClaims, action: Action = Action.SUBSCRIBE, **more: Any
) -> bool:
    return asked.may(action, channel, who, subscribed=more.get("subscribed", False))


# Patterns


@pytest.mark.parametrize(
    "pattern, name, fits",
    [
        ("a:b", "a:b", True),
        ("a:b", "a:bc", False),
        ("a:*", "a:", True),
        ("a:*", "ab", False),
        ("*", "", True),
        ("*:b", "a:b", True),
        ("a*c*e", "abcde", True),
        ("a*c*e", "ace", True),
        ("a*c*e", "ae", False),
        ("a*a", "a", False),
        ("*x*x*", "axbx", True),
        ("*x*x*", "axb", False),
        ("[a]*?", "[a]b?", True),
        ("[a]*?", "ab!", False),
        ("**", "any", True),
    ],
)
def test_patterns(pattern: str, name: str, fits: bool) -> None:
    assert Patterns([pattern]).fit(name) is fits
    assert Patterns(["never", pattern]).fit(name) is fits


@given(st.lists(st.text("ab*", max_size=6), max_size=4), st.text("ab", max_size=10))
def test_patterns_mean_what_a_simple_search_says(patterns: list[str], name: str) -> None:
    def fits(pattern: str, rest: str) -> bool:
        if not pattern:
            return not rest
        if pattern[0] == "*":
            return fits(pattern[1:], rest) or (bool(rest) and fits(pattern, rest[1:]))
        return rest[:1] == pattern[0] and fits(pattern[1:], rest[1:])

    assert Patterns(patterns).fit(name) == any(fits(pattern, name) for pattern in patterns)


def test_the_worst_patterns_come_to_an_end() -> None:
    """A matcher that goes back and tries again would need longer for these than anybody can wait."""
    worst = Patterns(["*a" * 120 + "*b", "*" + "a*" * 120 + "b"])
    assert not any(worst.fit("a" * length) for length in range(255))
    assert worst.fit("a" * 254 + "b")


@pytest.mark.parametrize(
    "rights, field",
    [
        (Rights(roles=("",)), "roles"),
        (Rights(subscribe=("x" * 256,)), "subscribe"),
        (Rights(owns=("a:b",) * 1_001), "owns"),
    ],
)
def test_rights_of_a_size_that_cannot_be_kept(rights: Rights, field: str) -> None:
    with pytest.raises(EventError) as wrong:
        check_rights(rights)
    assert wrong.value.field == field


# Audiences


@pytest.mark.parametrize(
    "audience, expected",
    [
        ("anyone", (True, True, True, True)),
        ("users", (False, True, True, True)),
        ("owner", (False, False, True, False)),
        ("role:mod", (False, False, False, True)),
        (("owner", "role:mod"), (False, False, True, True)),
        ("nobody", (False, False, False, False)),
        (("nobody", "users"), (False, True, True, True)),
        ((), (False, False, False, False)),
    ],
)
def test_audiences(audience: Any, expected: tuple[bool, ...]) -> None:
    found = (
        in_audience(audience, user="", roles=frozenset(), owner=False),
        in_audience(audience, user="bo", roles=frozenset({"other"}), owner=False),
        in_audience(audience, user="ana", roles=frozenset(), owner=True),
        in_audience(audience, user="cy", roles=frozenset({"mod"}), owner=False),
    )
    assert found == expected


def test_an_audience_that_there_is_not_is_an_error_at_the_start() -> None:
    with pytest.raises(SettingsError) as wrong:
        permissions(rooms={"chat": RoomRule(publish="everybody")})
    assert wrong.value.field == "chat.publish"
    with pytest.raises(SettingsError):
        permissions(standing=ChannelRule(subscribe=("users", "rolle:x")))


# The ledger's channels


@pytest.mark.parametrize(
    "channel, anybody, owner, moderator, granted",
    [
        ("standing:seller:1", True, True, True, True),
        ("activity:seller:1", True, True, True, True),
        ("detail:seller:1", False, True, True, True),
        ("alerts:seller:1", False, True, True, True),
        ("board:seller", True, True, True, True),
        ("standings:seller", True, True, True, True),
        ("feed:seller", True, True, True, True),
        ("feed:all", True, True, True, True),
        ("alerts:seller", False, False, True, True),
        ("alerts:all", False, False, True, True),
        ("user:ana", False, True, False, True),
        ("unknown:1", False, False, False, False),
        ("standing:nokind:1", False, False, False, False),
    ],
)
def test_what_is_public_by_default(
    channel: str, anybody: bool, owner: bool, moderator: bool, granted: bool
) -> None:
    asked = permissions()
    found = (
        may(asked, channel, ANYBODY),
        may(asked, channel, user("ana", owns=("seller:1",))),
        may(asked, channel, user("mo", roles=("moderator",))),
        may(asked, channel, user("bo", subscribe=("*",))),
    )
    assert found == (anybody, owner, moderator, granted)
    assert not may(asked, channel, user("bo", publish=("*",)), Action.PUBLISH)


def test_the_user_that_is_a_subject_is_its_owner() -> None:
    asked = permissions()
    assert may(asked, "detail:seller:1", user("seller:1"))
    assert not may(asked, "detail:seller:2", user("seller:1"))
    assert may(asked, "detail:seller:2", user("bo", owns=("seller:*",)))
    assert not may(asked, "detail:shop:2", user("bo", owns=("seller:*",)))


def test_visibility_of_a_kind_holds_for_all_that_shows_it() -> None:
    asked = permissions('standing = "users"\nactivity = "role:staff"')
    for channel in ("standing:shop:1", "board:shop", "standings:shop"):
        assert not may(asked, channel, ANYBODY)
        assert may(asked, channel, user())
    for channel in ("activity:shop:1", "feed:shop", "feed:all"):
        assert not may(asked, channel, user())
        assert may(asked, channel, user(roles=("staff",)))
    assert may(asked, "feed:seller", ANYBODY)
    assert may(asked, "activity:shop:1", user(), Action.HISTORY) is False
    assert asked.sees("standing", "shop:1", user())
    assert not asked.sees("standing", "shop:1", ANYBODY)
    assert asked.sees("activity", "shop:1", user(subscribe=("activity:shop:1",)))
    assert not asked.sees_kind(Source.BOARD, "shop", ANYBODY)
    assert asked.sees_kind(Source.BOARD, "seller", ANYBODY)


def test_the_namespace_narrows_what_the_policy_allows() -> None:
    asked = permissions(standing=ChannelRule(subscribe="users"), activity=ChannelRule(subscribe="nobody"))
    assert not may(asked, "standing:seller:1", ANYBODY)
    assert may(asked, "standing:seller:1", user())
    assert not may(asked, "activity:seller:1", user(roles=("moderator",)))
    assert may(asked, "activity:seller:1", user(subscribe=("activity:seller:*",)))


@pytest.mark.parametrize("scope", ["org", "project"])
def test_scoped_kinds_are_for_those_who_belong(scope: str) -> None:
    asked = permissions(f'scope = "{scope}"')
    within = user(orgs=("acme",), projects=("acme/web",))
    assert may(asked, "standing:shop:acme/web/1", within)
    assert asked.sees("standing", "shop:acme/web/1", within)
    assert may(asked, "standing:shop:acme/app/1", within) is (scope == "org")
    assert may(asked, "standing:shop:acme/app/1", user(orgs=("acme",), projects=("acme/*",)))
    for outside in (ANYBODY, user(), user(orgs=("acm",), projects=("acme/we",)), user(roles=("moderator",))):
        assert not may(asked, "standing:shop:acme/web/1", outside)
        assert not asked.sees("standing", "shop:acme/web/1", outside)
    for name in ("acme", "acme/", "/acme/web/1", "web"):
        assert not asked.sees(
            "standing", f"shop:{name}", user(orgs=("", "acme"), projects=("/", "acme/web"))
        ) or (scope == "org" and name == "acme/")
    # What is about the whole kind would show one org to another.
    assert not may(asked, "board:shop", within)
    assert not may(asked, "feed:all", within)
    assert may(asked, "board:shop", user(subscribe=("board:shop",)))
    # An owner who left the org has left.
    assert not may(asked, "detail:shop:acme/web/1", user(owns=("shop:acme/web/1",)))


# Rooms

CHAT = RoomRule(
    subscribe="users",
    publish="subscribers",
    see_presence=("role:host", "owner"),
    read_history="subscribers",
    history_size=10,
    presence=True,
)


def test_rooms_go_by_their_rule() -> None:
    asked = permissions(rooms={"chat": CHAT})
    assert not may(asked, "chat:1", ANYBODY)
    assert may(asked, "chat:1", user())
    for action in (Action.PUBLISH, Action.HISTORY):
        assert not may(asked, "chat:1", user(), action)
        assert may(asked, "chat:1", user(), action, subscribed=True)
    assert not may(asked, "chat:1", user(), Action.PRESENCE, subscribed=True)
    assert may(asked, "chat:1", user(roles=("host",)), Action.PRESENCE)
    assert may(asked, "chat:ana", user("ana"), Action.PRESENCE)
    assert may(asked, "chat:1", user(publish=("chat:*",)), Action.PUBLISH)
    assert may(asked, "chat:1", user("", subscribe=("chat:1",)), Action.HISTORY)


def test_private_and_user_limited_rooms() -> None:
    asked = permissions(rooms={"chat": CHAT})
    assert not may(asked, "$chat:1", user())
    assert not may(asked, "$chat:1", user(), Action.PUBLISH)
    assert may(asked, "$chat:1", user(), Action.PUBLISH, subscribed=True)
    assert may(asked, "chat:1#ana,bo", user("bo"))
    for other in (ANYBODY, user("cy"), user("an")):
        assert not may(asked, "chat:1#ana,bo", other)
        assert not may(asked, "chat:1#ana,bo", other, Action.PUBLISH)
    # Whoever has it, by a token, is a subscriber like any other.
    assert may(asked, "chat:1#ana,bo", user("cy"), Action.PUBLISH, subscribed=True)


@pytest.mark.parametrize(
    "name, may_have",
    [("ana", True), ("eve", False), ("an", False), ("", False), ("ana,bo", False), ("1", False)],
)
def test_users_after_a_hash(name: str, may_have: bool) -> None:
    asked = permissions(rooms={"chat": RoomRule()})
    assert may(asked, "chat:1#ana,bo", user(name)) == may_have
    assert not may(asked, "chat:1#", user(name))
    assert may(asked, "chat:#eve#ana", user(name)) == (name == "ana")


@pytest.mark.parametrize(
    "pattern, opened",
    [
        ("*", {"chat:1"}),
        ("chat:*", {"chat:1"}),
        ("chat:*#*", {"chat:1#bo"}),
        ("chat:1#bo", {"chat:1#bo"}),
        ("$chat:*", {"$chat:1"}),
        ("$*", {"$chat:1"}),
        ("$chat:*#*", {"$chat:1#bo"}),
        ("#", set()),
    ],
)
def test_rights_open_guarded_rooms_only_by_name(pattern: str, opened: set[str]) -> None:
    asked = permissions(rooms={"chat": RoomRule(subscribe="nobody", publish="nobody")})
    names = ("chat:1", "chat:1#bo", "$chat:1", "$chat:1#bo")
    reader, writer = user("ana", subscribe=(pattern,)), user("ana", publish=(pattern,))
    assert {name for name in names if may(asked, name, reader)} == opened
    assert {name for name in names if may(asked, name, reader, Action.HISTORY)} == opened
    assert {name for name in names if may(asked, name, writer, Action.PUBLISH)} == opened


def test_a_hash_in_a_subject_guards_nothing() -> None:
    hidden = permissions('standing = "nobody"')
    assert may(hidden, "standing:shop:1#bo", user("ana", subscribe=("standing:shop:*",)))


@pytest.mark.parametrize("kind", ["clients", "users"])
def test_who_is_in_a_room_is_for_those_who_may_see_its_presence(kind: str) -> None:
    asked = permissions(rooms={"chat": CHAT, "open": RoomRule(presence=True), "silent": RoomRule()})
    host, member = user("bo", roles=("host",)), user("ana")
    assert may(asked, f"${kind}:chat:1", host)
    assert not may(asked, f"${kind}:chat:1", member, subscribed=True)
    assert not may(asked, f"${kind}:open:1", member)
    assert may(asked, f"${kind}:open:1", member, subscribed=True)
    assert not may(asked, f"${kind}:silent:1", host, subscribed=True)
    # A right to the room shows who is there; one to the name of the map, or to all, opens nothing guarded.
    assert may(asked, f"${kind}:open:1", user("ana", subscribe=("open:*",)))
    assert not may(asked, f"${kind}:$open:1", user("ana", subscribe=("*", f"${kind}:*")))
    assert may(asked, f"${kind}:$open:1", user("ana", subscribe=("$open:1",)))
    for action in (Action.PUBLISH, Action.HISTORY, Action.PRESENCE):
        assert not may(asked, f"${kind}:chat:1", host, action, subscribed=True)


def test_scoped_rooms() -> None:
    inbox = RoomRule(subscribe="owner", scope=Scope.ORG)
    asked = permissions(rooms={"team": RoomRule(subscribe="users", scope=Scope.PROJECT), "inbox": inbox})
    assert may(asked, "team:acme/web/standup", user(projects=("acme/web",)))
    assert not may(asked, "team:acme/app/standup", user(projects=("acme/web",)))
    assert not may(asked, "team:standup", user(projects=("acme/web",)))
    assert may(asked, "inbox:acme/ana", user("ana", orgs=("acme",)))
    assert not may(asked, "inbox:acme/bo", user("ana", orgs=("acme",)))
    assert not may(asked, "inbox:acme/ana", user("ana"))


def test_the_server_subscribes_users_to_their_own_channel() -> None:
    asked = permissions()
    info = ServerSubscription()
    assert asked.server_side(user("ana")) == {"user:ana": ServerSubscription()}
    subs = ConnectionClaims(user="ana", subs={"standing:seller:1": info})
    assert set(asked.server_side(subs)) == {"user:ana", "standing:seller:1"}
    assert asked.server_side(ANYBODY) == {}
    assert set(asked.server_side(user("Zoë 山 🏆"))) == {"user:Zoë 山 🏆"}
    assert asked.server_side(user("a b\n")) == {}
    assert not may(asked, "user:bo", user("ana"))
    assert may(asked, "user:ana", user("ana"), Action.HISTORY, subscribed=True)


def test_events_may_be_submitted_by_pattern() -> None:
    asked = permissions()
    who = user(submit=("review@seller:*", "*@shop:1"))
    assert asked.may_submit("review", "seller:9", who)
    assert asked.may_submit("anything", "shop:1", who)
    assert not asked.may_submit("dispute", "seller:9", who)
    assert not asked.may_submit("review", "seller:9", user("", submit=("*",)))


# What is stored


@pytest.fixture
async def ledger(tmp_path: Path) -> Any:
    opened = Ledger.open(tmp_path, policies())
    await opened.start()
    yield opened
    await opened.close()


async def test_stored_rights_replace_those_of_the_token(ledger: Ledger) -> None:
    asked = permissions(book=ledger.rights)
    who = user(subscribe=("detail:seller:1",), roles=("moderator",))
    assert may(asked, "detail:seller:1", who)
    await ledger.rights.put("ana", b'{"subscribe":["detail:seller:2"]}')
    assert not may(asked, "detail:seller:1", who)
    assert may(asked, "detail:seller:2", who)
    assert not asked.blocked(who)
    await ledger.rights.put("ana", b'{"blocked":true}')
    assert asked.blocked(who)
    assert not asked.blocked(user("bo"))
    await ledger.rights.drop("ana")
    assert not asked.blocked(who)
    assert may(asked, "detail:seller:1", who)


async def test_stored_rights_of_a_newer_version_give_nothing(ledger: Ledger) -> None:
    asked = permissions(book=ledger.rights)
    await ledger.rights.put("ana", b'{"from":"the future"}')
    assert asked.rights(user(roles=("moderator",))) == Rights()


async def test_revoked_tokens(ledger: Ledger) -> None:
    asked = permissions(book=ledger.rights)
    old = ConnectionClaims(user="ana", token_id="t-1", issued_at=100.0)
    new = ConnectionClaims(user="ana", token_id="t-2", issued_at=200.0)
    undated = ConnectionClaims(user="ana")
    assert [asked.blocked(one) for one in (old, new, undated)] == [False, False, False]
    await ledger.rights.revoke_token("t-1")
    assert [asked.blocked(one) for one in (old, new, undated)] == [True, False, False]
    await ledger.rights.revoke_user("ana", 200.0)
    assert [asked.blocked(one) for one in (old, new, undated)] == [True, False, True]
    assert asked.revoked(SubscriptionClaims("ana", "chat:1", issued_at=199.0))
    assert not asked.revoked(SubscriptionClaims("ana", "chat:1", issued_at=200.0))
    assert asked.revoked(SubscriptionClaims("bo", "chat:1", token_id="t-1"))


async def test_what_a_subscription_stands_on(ledger: Ledger) -> None:
    gateway = Gateway(ledger, MemoryBus(), policies=policies(), rights=ledger.rights, kinds=("seller",))
    who = user(subscribe=("detail:*",))
    caller = Caller(gateway.access, Limits(), JSON, "client", who, Subscriptions())
    by_right, by_server = Subscription(), Subscription(server_side=True)
    by_token = Subscription(by_token=True, token_id="s-1", issued_at=100.0)

    def standing() -> list[bool]:
        return [stands(caller, "detail:seller:1", one) for one in (by_right, by_token, by_server)]

    assert standing() == [True, True, True]
    await ledger.rights.put("ana", b"{}")
    assert standing() == [False, True, True]
    await ledger.rights.revoke_token("s-1")
    assert standing() == [False, False, True]
    assert not stands(caller, "detail:nothing:1", by_right)


async def test_a_subscription_token_goes_with_all_of_its_user(ledger: Ledger) -> None:
    gateway = Gateway(ledger, MemoryBus(), rights=ledger.rights)
    caller = Caller(gateway.access, Limits(), JSON, "client", user(), Subscriptions())
    old, new = (Subscription(by_token=True, issued_at=at) for at in (100.0, 200.0))
    assert stands(caller, "detail:seller:1", old)
    await ledger.rights.revoke_user("ana", 200.0)
    assert not stands(caller, "detail:seller:1", old)
    assert stands(caller, "detail:seller:1", new)


async def test_a_session_lets_rights_open_what_a_sign_guards(ledger: Ledger) -> None:
    options = GatewayOptions(rooms={"sec": RoomRule(subscribe="nobody")})
    gateway = Gateway(ledger, MemoryBus(), options, rights=ledger.rights)
    who = user("ana", subscribe=("$sec:*",))
    caller = Caller(gateway.access, Limits(), JSON, "client", who, Subscriptions())
    route = gateway.channels.route("sec:1")
    assert not isinstance(route, Error)
    assert permit(caller, None, "$sec:1", route) is None
    assert caller.may(Action.HISTORY, "$sec:1")
    with pytest.raises(Failed):
        permit(caller, None, "sec:1", route)
    await ledger.rights.put("ana", b"{}")
    assert not stands(caller, "$sec:1", Subscription())
