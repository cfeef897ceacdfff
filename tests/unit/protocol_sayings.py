"""What clients may say to a session, and what it may be answered, as Hypothesis draws it."""

import json
from typing import Any

from hypothesis import strategies as st
from msgspec import Raw

from renown.protocol.access import Action, ServerSubscription
from renown.protocol.codes import ERRORS, UNSUBSCRIBES
from renown.protocol.effects import (
    Attach,
    Await,
    Call,
    Done,
    History,
    Log,
    MapPage,
    Newest,
    Position,
    Present,
    Publish,
    ReadHistory,
    ReadPresence,
    Returned,
)
from renown.protocol.replies import ClientInfo
from tests.unit.protocol_talk import claims, pub

__all__ = [
    "CHANNELS",
    "CONNECT",
    "DENIED",
    "ENDING",
    "GONE",
    "GOOD_TOKENS",
    "MAP",
    "MAP_BEGUN",
    "OFTEN",
    "PAGE",
    "RECOVER",
    "REQUEST",
    "SERVERS",
    "SUBSCRIBE",
    "SUBSCRIPTION_TOKENS",
    "TOKENS_FOR",
    "WHO_IS_THERE",
    "WITH_TOKEN",
    "WRONG",
    "answers",
]

CHANNELS = ["n:1", "n:2", "s:1", "s:2", "r:1", "f:1", "w:1", "u:1", "t:1", "x:1", "m:1", "k:1", "$p:r:1"]
LONG = "s:" + "ä" * 127
CHANNEL = st.sampled_from([*CHANNELS, *CHANNELS, *CHANNELS, "", LONG])
SUBSCRIPTION_TOKENS = [
    "junk",
    "[]",
    "expired",
    *(claims(user=user, channel=channel) for user in ("", "ana") for channel in ("t:1", "s:1", "m:1")),
    claims(user="ana", channel="t:1", ttl=7, data={"d": 1}, info={"i": 2}),
    claims(user="ana", channel="s:1", ttl=0),
    claims(user="ana", channel="r:1", info=[3], client="c"),
    claims(user="ana", channel="r:1", client="another"),
    claims(user="ana", channel="m:1", ttl=9, data=1),
    claims(user="ana", channel="s:1", token_id="lost"),
    claims(user="ana", channel="s:2", token_id="soon", ttl=60),
    claims(user="ana", channel="x:1"),
    claims(user="eve", channel="s:1"),
]
CONNECTION_TOKENS = [
    "junk",
    "expired",
    *(
        json.dumps({"user": "ana", **more})
        for more in ({}, {}, {"ttl": 60}, {"ttl": 5}, {"ttl": 0}, {"ttl": -1})
    ),
    json.dumps({"user": "ana", "info": {"name": "Ana"}}),
    json.dumps({"user": "ana", "token_id": "lost"}),
    json.dumps({"user": "ana", "subs": {"s:2": {}}}),
    json.dumps({"user": "ana", "rights": {"blocked": True}}),
    json.dumps({"user": "eve"}),
    json.dumps({"user": "crowd"}),
    json.dumps({"user": ""}),
]
TOKEN = st.sampled_from(["", *SUBSCRIPTION_TOKENS])
TOKENS_FOR = {
    channel: [
        each for each in SUBSCRIPTION_TOKENS if each[0] == "{" and json.loads(each)["channel"] == channel
    ]
    for channel in CHANNELS
}
LEAF = st.fixed_dictionaries(
    {"key": st.sampled_from(["a", "a", ""]), "cmp": st.sampled_from(["ex", "eq", "in", "gte", "odd"])},
    optional={"vals": st.just(["1"])},
).filter(lambda leaf: (leaf["cmp"] == "in") >= ("vals" in leaf))
FILTER = st.one_of(
    st.just({"key": "a", "cmp": "ex"}),
    LEAF,
    st.fixed_dictionaries(
        {"op": st.sampled_from(["and", "not", "xor"]), "nodes": st.lists(LEAF, max_size=2)}
    ),
)
POSITION = {"epoch": st.sampled_from(["", "e", "e", "_"]), "offset": st.integers(0, 6)}
WISHES = {
    **POSITION,
    "recover": st.booleans(),
    "recoverable": st.booleans(),
    "positioned": st.booleans(),
    "join_leave": st.booleans(),
    "delta": st.sampled_from(["", "fossil", "fossil", "fossil", "vcdiff"]),
    "flag": st.integers(0, 3),
    "tf": FILTER,
    "data": st.just({"any": "thing"}),
    "type": st.sampled_from([0] * 9 + [1, 2, 4, -1]),
}
PAGE = {
    **POSITION,
    "recover": st.booleans(),
    "phase": st.sampled_from([2, 2, 2, 1, 1, 0, 3]),
    "cursor": st.sampled_from(["", "", "next"]),
    "limit": st.integers(-1, 2000),
    "delta": st.sampled_from(["", "fossil"]),
    "tf": FILTER,
}
SUBSCRIBE = CHANNEL.flatmap(
    lambda channel: st.fixed_dictionaries(
        {"channel": st.just(channel)},
        optional={
            **WISHES,
            "token": st.sampled_from([*TOKENS_FOR.get(channel, []) * 3, *SUBSCRIPTION_TOKENS]),
        },
    )
)
MAP = st.sampled_from(["m:1", "m:1", "k:1", "$p:r:1", "s:1"]).flatmap(
    lambda channel: st.fixed_dictionaries(
        {
            "channel": st.just(channel),
            "type": st.sampled_from([2 if channel[0] == "$" else 1] * 5 + [0, 3]),
        },
        optional={**PAGE, "token": st.sampled_from([*TOKENS_FOR.get(channel, ["junk"]), "junk"])},
    )
)
MAP_BEGUN = st.fixed_dictionaries(
    {"channel": st.sampled_from(["m:1", "k:1"]), "type": st.just(1), "phase": st.just(2)},
    optional={"limit": st.just(500), "delta": st.just("fossil"), "token": st.sampled_from(TOKENS_FOR["m:1"])},
)
WHO_IS_THERE: dict[str, Any] = {"channel": "$p:r:1", "type": 2, "phase": 2}
NAMED = st.fixed_dictionaries({"channel": CHANNEL})
WITH_PRESENCE = st.fixed_dictionaries({"channel": st.sampled_from(["r:1", "f:1"]) | CHANNEL})
INTO_ROOM = st.fixed_dictionaries(
    {"channel": st.sampled_from(["r:1", "w:1"]), "data": st.sampled_from([1, "", {"a": "ä\n"}])}
)
INTO_MAP = st.fixed_dictionaries(
    {"channel": st.sampled_from(["m:1", "k:1"]), "type": st.just(1), "key": st.sampled_from(["a", "ä", ""])},
    optional={"data": st.just([1]), "removed": st.booleans()},
)
PUBLISH = (
    INTO_ROOM
    | INTO_MAP
    | st.fixed_dictionaries(
        {"channel": CHANNEL},
        optional={
            "data": st.sampled_from([None, 1, "", {"a": "ä\n"}]),
            "type": st.sampled_from([0, 0, 1, 1, 2]),
            "key": st.sampled_from(["", "a"]),
            "removed": st.booleans(),
        },
    )
)
HISTORY = st.fixed_dictionaries(
    {"channel": st.sampled_from(["s:1", "r:1"]) | CHANNEL},
    optional={
        "limit": st.integers(-2, 999),
        "since": st.fixed_dictionaries({}, optional=POSITION),
        "reverse": st.booleans(),
    },
)
RPC = st.fixed_dictionaries({}, optional={"method": st.sampled_from(["echo", "x", ""]), "data": st.just([1])})
REFRESH = st.fixed_dictionaries({}, optional={"token": st.sampled_from(["", *CONNECTION_TOKENS])})
SUB_REFRESH = st.sampled_from(CHANNELS).flatmap(
    lambda channel: st.fixed_dictionaries(
        {},
        optional={
            "channel": st.just(channel),
            "token": st.sampled_from([*TOKENS_FOR[channel] * 5, *SUBSCRIPTION_TOKENS, ""]),
        },
    )
)
RECOVER = st.fixed_dictionaries(
    {"channel": st.sampled_from(["s:1", "r:1", "n:1", "s:2"]), "recover": st.just(True), **POSITION},
    optional={"flag": st.sampled_from([0, 2]), "delta": st.just("fossil"), "join_leave": st.just(True)},
)
WITH_TOKEN = st.sampled_from([each for each in SUBSCRIPTION_TOKENS if each[0] == "{"]).map(
    lambda token: {"channel": json.loads(token)["channel"], "token": token}
)
REQUEST = st.one_of(
    st.tuples(st.just("subscribe"), RECOVER),
    st.tuples(st.just("subscribe"), WITH_TOKEN),
    st.tuples(st.just("subscribe"), SUBSCRIBE),
    st.tuples(st.just("subscribe"), MAP_BEGUN),
    st.tuples(st.just("subscribe"), MAP),
    st.tuples(st.just("unsubscribe"), NAMED),
    st.tuples(st.just("publish"), PUBLISH),
    st.tuples(st.sampled_from(["presence", "presence_stats"]), WITH_PRESENCE),
    st.tuples(st.just("history"), HISTORY),
    st.tuples(st.just("rpc"), RPC),
    st.tuples(st.just("sub_refresh"), SUB_REFRESH),
    st.tuples(st.just("refresh"), REFRESH),
)
ENDING = st.sampled_from([("send", {"data": 1}), ("connect", {}), ("ping", {})])
CONNECT = st.fixed_dictionaries(
    {"token": st.sampled_from(["", *CONNECTION_TOKENS])},
    optional={
        "subs": st.dictionaries(
            st.sampled_from(["s:1", "n:1", "s:2"]),
            st.fixed_dictionaries({"recover": st.booleans()}, optional=POSITION),
        ),
        "name": st.sampled_from(["js", "a name longer than sixteen"]),
        "data": st.just({}),
    },
)
SERVERS = {
    channel: ServerSubscription(data=Raw(b"[1]") if channel == "s:1" else None)
    for channel in ("s:1", "n:1", "x:1", "m:1", "f:1")
}
OFTEN = st.sampled_from([True] * 9 + [False])
GOOD_TOKENS = [
    json.dumps({"user": "ana"}),
    json.dumps({"user": "ana", "ttl": 60}),
    json.dumps({"user": "ana", "info": {"name": "Ana"}}),
]
GONE = [UNSUBSCRIBES.SERVER, UNSUBSCRIBES.INSUFFICIENT_STATE, UNSUBSCRIBES.STATE_INVALIDATED]
DENIED = [(), (), (Action.SUBSCRIBE,), (Action.HISTORY,), (Action.PRESENCE, Action.PUBLISH)]
WRONG = [None, "x", 1, -1, 1.5, 2**53, 2**64, True, [], {}, [1], {"a": 1}]
"""Values of any kind, to stand where others should."""
HERE = ClientInfo("ana", "c", Raw(b"1"))
ERROR = st.sampled_from([ERRORS.INTERNAL, ERRORS.UNRECOVERABLE_POSITION, ERRORS.LIMIT_EXCEEDED])


@st.composite
def logs(draw: st.DrawFn, since: Position | None, *, filtered: bool) -> Log:
    """Draw a log up to its top, some of it forgotten: what comes after `since` of it."""
    top = draw(st.integers(0, 6))
    first = draw(st.integers(1, top + 1))
    kept = [] if since is None else [offset for offset in range(first, top + 1) if offset > since.offset]
    shown = [offset for offset in kept if not filtered or offset % 2]
    pubs = tuple(pub(offset, b'{"n":%d}' % offset, tags={"a": "1"}) for offset in shown)
    return Log(draw(st.sampled_from(["e", "e", "f"])), top, pubs, len(kept) - len(shown))


@st.composite
def pages(draw: st.DrawFn, asked: Attach) -> MapPage:
    """Draw what a map answers."""
    assert asked.map is not None
    changes = (pub(8, b'"two"', key="a"), pub(9, b"", key="b", removed=True))
    state = (pub(3, b"1", key="a"), pub(0, b"[2]", key="b"))
    return MapPage(
        "e",
        draw(st.integers(0, 9)),
        live=draw(st.booleans()),
        state=draw(st.sampled_from([(), state])) if asked.map.phase == 2 else (),
        publications=draw(st.sampled_from([(), changes])),
        cursor=draw(st.sampled_from(["", "next"])),
        persistent=draw(st.sampled_from([True, True, False])),
    )


def states(asked: Attach) -> st.SearchStrategy[Any]:
    if asked.map is not None:
        return pages(asked)
    if asked.channel[0] in "nut":
        data = st.sampled_from([b"{}", b'{"v":[1]}', b""])
        return st.builds(Newest, st.sampled_from(["e", "f"]), st.integers(0, 6), data)
    if asked.channel[0] == "w":
        return st.just(Log("", 0))
    known = logs(asked.recover, filtered=asked.filter is not None)
    odd = Log("e", 5, (pub(5, b"\xff", binary=True),))
    return known if asked.hold or asked.recover is None or asked.recover.offset != 4 else known | st.just(odd)


ANSWERS = {
    ReadHistory: st.sampled_from(
        [
            History("e", 2, (pub(1, b'{"a":1}'), pub(2, b"2"))),
            History("", 0),
            History("e", 2, (pub(1, b"\xff", binary=True),)),
        ]
    ),
    ReadPresence: st.sampled_from(
        [
            Present({}),
            Present({"c": HERE, "d": ClientInfo("ana", "d"), "e": ClientInfo("", "e", None, Raw(b"2"))}),
        ]
    ),
    Publish: st.just(Done()),
    Call: st.sampled_from([Returned(b""), Returned(b'{"r":[1]}'), Returned(b"\xff")]),
    Await: st.just(Done()),
}


def answers(asked: Any) -> st.SearchStrategy[Any]:
    good = states(asked) if isinstance(asked, Attach) else ANSWERS[type(asked)]
    return OFTEN.flatmap(lambda usual: good if usual else ERROR)
