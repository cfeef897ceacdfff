"""Anything at all, in any order, thrown at a session in both codecs: it never raises, and keeps its word.

Commands, malformed bytes, half frames, huge lengths, answers and errors at any time, and the server's own
doings. What must hold: an id is answered at most once, nothing follows the close, questions come one at
a time, the reply to subscribe goes before its publications, codes are of the tables, `due` is sane.
"""

import json
from math import inf
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import Raw

from renown.protocol.access import Action, ServerSubscription
from renown.protocol.codec import JSON, PROTOBUF, Codec
from renown.protocol.codes import DISCONNECTS, ERRORS, UNSUBSCRIBES, Disconnect, Error, Unsubscribed
from renown.protocol.effects import (
    Answer,
    Attach,
    Await,
    Call,
    Close,
    Detach,
    Done,
    Effect,
    History,
    Log,
    MapPage,
    Newest,
    Position,
    Present,
    Publish,
    ReadHistory,
    ReadPresence,
    Release,
    Returned,
    Send,
)
from renown.protocol.replies import ClientInfo, Message, Push
from renown.protocol.session import State
from renown.protocol.wire import client_pb2 as pb
from tests.unit.protocol_talk import Rules, Talk, claims, message, pub, varint

ERROR_CODES = {value.code for value in vars(ERRORS).values() if isinstance(value, Error)}
CLOSE_CODES = {value.code for value in vars(DISCONNECTS).values() if isinstance(value, Disconnect)}
UNSUBSCRIBE_CODES = {value.code for value in vars(UNSUBSCRIBES).values() if isinstance(value, Unsubscribed)}
QUESTIONS = Attach | ReadHistory | ReadPresence | Publish | Call | Await

CHANNELS = st.sampled_from(
    ["n:1", "n:2", "s:1", "r:1", "r:1#ana", "f:1", "m:1", "k:1", "u:1", "t:1", "$n:1", "$p:r:1"]
)
TOKENS = st.sampled_from(
    [
        "",
        "junk",
        "expired",
        claims(user="ana"),
        claims(user="ana", ttl=1),
        claims(user="ana", channel="s:1", ttl=20),
        claims(user="ana", channel="m:1", token_id="lost"),
        claims(user="eve"),
    ]
)
NODES = st.sampled_from([{}, {"key": "a", "cmp": "ex"}, {"op": "not", "nodes": [{"key": "a", "cmp": "nex"}]}])
SUBSCRIBES = st.fixed_dictionaries(
    {"channel": CHANNELS},
    optional={
        "token": TOKENS,
        "recover": st.booleans(),
        "recoverable": st.booleans(),
        "positioned": st.booleans(),
        "join_leave": st.booleans(),
        "epoch": st.sampled_from(["", "e", "_"]),
        "offset": st.integers(0, 9),
        "delta": st.sampled_from(["", "fossil", "fossil", "x"]),
        "flag": st.integers(0, 3),
        "tf": NODES,
    },
)
MAPS = st.fixed_dictionaries(
    {"channel": st.sampled_from(["m:1", "m:2", "k:1", "n:1", "$p:r:1", "$p:r:1"]), "type": st.integers(0, 3)},
    optional={
        "phase": st.sampled_from([0, 1, 2, 2, 2, 3]),
        "cursor": st.sampled_from(["", "next"]),
        "epoch": st.sampled_from(["", "e", "e", "f"]),
        "offset": st.integers(0, 9),
        "recover": st.booleans(),
        "limit": st.integers(-1, 2000),
        "token": TOKENS,
        "delta": st.sampled_from(["", "fossil"]),
    },
)
NAMED = st.fixed_dictionaries({}, optional={"channel": CHANNELS})
REQUESTS = st.one_of(
    st.tuples(st.just("subscribe"), SUBSCRIBES),
    st.tuples(st.just("subscribe"), MAPS),
    st.tuples(st.just("unsubscribe"), NAMED),
    st.tuples(
        st.just("publish"),
        st.fixed_dictionaries(
            {"channel": CHANNELS},
            optional={
                "data": st.sampled_from([None, 1, {"a": "ä"}]),
                "type": st.integers(0, 2),
                "key": st.sampled_from(["", "a"]),
                "removed": st.booleans(),
            },
        ),
    ),
    st.tuples(st.sampled_from(["presence", "presence_stats"]), NAMED),
    st.tuples(
        st.just("history"),
        st.fixed_dictionaries(
            {"channel": CHANNELS},
            optional={"limit": st.integers(-2, 999), "since": st.just({"offset": 3, "epoch": "e"})},
        ),
    ),
    st.tuples(st.just("rpc"), st.sampled_from([{}, {"method": "echo", "data": [1]}, {"method": "x"}])),
    st.tuples(st.just("refresh"), st.fixed_dictionaries({}, optional={"token": TOKENS})),
    st.tuples(
        st.just("sub_refresh"), st.fixed_dictionaries({}, optional={"token": TOKENS, "channel": CHANNELS})
    ),
    st.tuples(st.just("send"), st.just({"data": 1})),
    st.tuples(st.just("connect"), st.just({})),
    st.tuples(st.just("ping"), st.just({})),
)
PAGES = st.builds(
    MapPage,
    st.just("e"),
    st.integers(0, 9),
    live=st.booleans(),
    state=st.sampled_from([(), (pub(3, b"1", key="a"),)]),
    publications=st.sampled_from([(), (pub(8, b"2", key="a"), pub(9, b"", key="b", removed=True))]),
    cursor=st.sampled_from(["", "next"]),
    persistent=st.booleans(),
)
LOGS = st.sampled_from(
    [Log("e", 4), Log("", 0), Log("e", 5, (pub(4), pub(5))), Log("e", 5, (pub(5, b"\xff", binary=True),))]
)
NEWEST = st.sampled_from([Newest("e", 4, b"{}"), Newest("e", 0, b""), Newest("e", 4, b"")])
ERRORS_GIVEN = st.sampled_from([ERRORS.INTERNAL, ERRORS.UNRECOVERABLE_POSITION, ERRORS.LIMIT_EXCEEDED])
HERE = ClientInfo("ana", "c", Raw(b"1"))
ANSWERS: dict[type, st.SearchStrategy[Any]] = {
    ReadHistory: st.sampled_from(
        [History("e", 2, (pub(1),)), History("e", 2, (pub(1, b"\xff", binary=True),))]
    ),
    ReadPresence: st.just(Present({"c": HERE})),
    Publish: st.just(Done()),
    Call: st.sampled_from([Returned(b""), Returned(b"[1]"), Returned(b"\xff")]),
    Await: st.just(Done()),
}


def answers_to(question: Any) -> st.SearchStrategy[Answer | Error]:
    if isinstance(question, Attach):
        if question.map is not None:
            return st.one_of(PAGES, ERRORS_GIVEN, LOGS)
        return st.one_of(LOGS, NEWEST, ERRORS_GIVEN, PAGES)
    return st.one_of(ANSWERS[type(question)], ERRORS_GIVEN, LOGS)


class Conversations(RuleBasedStateMachine):
    """One connection from its first byte to its end."""

    codec: Codec

    @initialize(
        anonymous=st.booleans(),
        limits=st.sampled_from(
            [{}, {"commands": 1.0, "burst": 5}, {"channels": 2}, {"ping": 0.0}, {"ping": 5.0, "pong": 8.0}]
        ),
        servers=st.sampled_from([(), ("s:1",), ("s:1", "n:1", "x:1")]),
        missing=st.sampled_from([0, 0, 1, 9]),
        greeted=st.booleans(),
    )
    def begin(
        self, anonymous: bool, limits: dict[str, Any], servers: tuple[str, ...], missing: int, greeted: bool
    ) -> None:
        rules = Rules()
        rules.anonymous, rules.keys_missing, rules.revocations = anonymous, missing, ("lost",)
        rules.servers = {channel: ServerSubscription(data=Raw(b"1")) for channel in servers}
        self.talk = Talk(self.codec, rules, **limits)
        self.session = self.talk.session
        self.number = 0
        self.open: set[int] = set()
        """Ids that may still be answered."""
        self.answered: set[int] = set()
        self.standing: set[str] = set()
        """What a client knows it is subscribed to."""
        self.question: Any = None
        self.closed = False
        self.connected = False
        if greeted:
            self.say([("connect", {"token": json.dumps({"user": "ana", "ttl": 60})})], [True])

    # What happens

    def say(self, requests: list[tuple[str, dict[str, Any]]], numbered: list[bool]) -> None:
        commands: list[dict[str, Any] | str] = []
        for (name, request), has_id in zip(requests, numbered, strict=False):
            self.number += 1
            if has_id:
                self.open.add(self.number)
            commands.append({"id": self.number if has_id else 0, name: request})
        if commands:
            self.take(self.session.receive(message(self.codec, *commands), self.talk.now))

    @rule(
        requests=st.lists(REQUESTS, min_size=1, max_size=4),
        numbered=st.lists(st.sampled_from([True] * 9 + [False]), min_size=4, max_size=4),
    )
    def commands(self, requests: list[tuple[str, dict[str, Any]]], numbered: list[bool]) -> None:
        self.say(requests, numbered)

    @rule(token=TOKENS, subs=st.sampled_from([None, {"s:1": {"recover": True, "epoch": "e", "offset": 3}}]))
    def connect(self, token: str, subs: Any) -> None:
        self.say([("connect", {"token": token, "subs": subs, "name": "js"})], [True])

    @rule()
    def pong(self) -> None:
        self.take(self.session.receive(self.codec.join([self.codec.pong]), self.talk.now))

    @precondition(lambda self: self.number > 3)
    @rule(noise=st.binary(max_size=40))
    def noise(self, noise: bytes) -> None:
        self.take(self.session.receive(noise, self.talk.now))

    @precondition(lambda self: self.number > 3)
    @rule(request=REQUESTS, cut=st.integers(0, 60))
    def half_a_frame(self, request: tuple[str, dict[str, Any]], cut: int) -> None:
        self.number += 1
        self.open.add(self.number)
        whole = message(self.codec, {"id": self.number, request[0]: request[1]})
        self.take(self.session.receive(whole[:cut], self.talk.now))

    @precondition(lambda self: self.number > 6)
    @rule(length=st.sampled_from([2**20, 2**31, 2**63, 2**64, 2**70]))
    def huge_length(self, length: int) -> None:
        self.take(self.session.receive(varint(length) + b"\x08\x01", self.talk.now))

    @precondition(lambda self: self.question is not None)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        answer = data.draw(answers_to(self.question))
        question, self.question = self.question, None
        self.take(self.session.answered(answer, self.talk.now), asked=question)

    @precondition(lambda self: self.question is None)
    @rule()
    def answer_that_nobody_asked_for(self) -> None:
        assert self.session.answered(Done(), self.talk.now) == []

    @rule(seconds=st.floats(0, 9))
    def wait(self, seconds: float) -> None:
        self.talk.now += seconds
        self.take(self.session.tick(self.talk.now))

    @rule()
    def wait_until_due(self) -> None:
        if self.session.due < inf:
            self.talk.now = max(self.talk.now, self.session.due)
            effects = self.session.tick(self.talk.now)
            assert effects, "a tick that was due does something"
            self.take(effects)
            assert self.session.due > self.talk.now

    @rule(channel=CHANNELS, why=st.sampled_from([UNSUBSCRIBES.SERVER, UNSUBSCRIBES.INSUFFICIENT_STATE]))
    def unsubscribe(self, channel: str, why: Unsubscribed) -> None:
        self.take(self.session.unsubscribe(channel, why))

    @rule(channel=CHANNELS, since=st.sampled_from([None, Position("e", 3)]))
    def server_subscribes(self, channel: str, since: Position | None) -> None:
        self.take(self.session.subscribe(channel, self.talk.now, since=since))

    @rule(data=st.sampled_from([b"1", b"\xff"]))
    def push(self, data: bytes) -> None:
        self.take(self.session.push(Push(message=Message(Raw(data)))))

    @rule(denied=st.sampled_from([(), (Action.SUBSCRIBE,), (Action.HISTORY, Action.PRESENCE)]))
    def rights_change(self, denied: tuple[Action, ...]) -> None:
        self.talk.rules.denied = denied
        self.take(self.session.recheck())

    # What must hold

    def take(self, effects: list[Effect], asked: Any = None) -> None:
        assert not (self.closed and effects)
        for effect in effects:
            assert not self.closed, "nothing follows the close"
            if isinstance(effect, Close):
                assert effect.why.code in CLOSE_CODES
                self.closed, self.question = True, None
            elif isinstance(effect, QUESTIONS):
                assert self.question is None, "one question at a time"
                assert effect is effects[-1], "a question comes last"
                self.question = effect
            elif isinstance(effect, Detach):
                self.standing.discard(effect.channel)
            elif isinstance(effect, Send):
                self.read(effect.reply)
            else:
                assert isinstance(effect, Release)
                assert self.connected
        assert (self.session.state is State.CLOSED) == self.closed

    def read(self, encoded: bytes) -> None:
        if encoded == self.codec.ping:
            return
        reply: dict[str, Any] = (
            json.loads(encoded) if self.codec.json else _as_dict(pb.Reply.FromString(encoded))
        )
        number = reply.get("id", 0)
        if number:
            assert number in self.open, "an id is answered once"
            self.open.remove(number)
        if "error" in reply:
            assert number
            assert reply["error"]["code"] in ERROR_CODES
            assert reply["error"]["message"]
        if "connect" in reply:
            self.connected = True
            self.standing |= set(reply["connect"].get("subs", {}))
        else:
            assert self.connected or "error" in reply, "nothing goes before the connect reply"
        if "push" in reply:
            self.read_push(reply["push"])

    def read_push(self, push: dict[str, Any]) -> None:
        channel = push.get("channel", "")
        if "subscribe" in push:
            self.standing.add(channel)
        elif "unsubscribe" in push:
            assert push["unsubscribe"]["code"] in UNSUBSCRIBE_CODES
            assert push["unsubscribe"]["reason"]
        elif "pub" in push:
            assert channel in self.standing, "no publication before its subscription is told"

    @invariant()
    def due_is_sane(self) -> None:
        if self.closed:
            assert self.session.due == inf
        else:
            assert self.session.due > self.talk.now - 9.1, "what is due is not forgotten"

    @invariant()
    def what_is_subscribed_is_named(self) -> None:
        assert len(set(self.session.channels)) == len(self.session.channels)
        for channel in self.session.channels:
            assert self.closed or self.session.subscription(channel) is not None

    @invariant()
    def every_command_is_answered(self) -> None:
        if not self.closed and self.question is None and self.connected:
            assert self.session.backlog == 0
            assert not self.open


def _as_dict(reply: pb.Reply) -> dict[str, Any]:
    found: dict[str, Any] = {"id": reply.id}
    if reply.HasField("error"):
        found["error"] = {"code": reply.error.code, "message": reply.error.message}
    if reply.HasField("connect"):
        found["connect"] = {"subs": dict(reply.connect.subs)}
    if reply.HasField("push"):
        push = reply.push
        said: dict[str, Any] = {"channel": push.channel}
        found["push"] = said
        if push.HasField("unsubscribe"):
            said["unsubscribe"] = {"code": push.unsubscribe.code, "reason": push.unsubscribe.reason}
        if push.HasField("subscribe"):
            said["subscribe"] = {}
        if push.HasField("pub"):
            said["pub"] = {}
    return found


@pytest.mark.parametrize("codec", [JSON, PROTOBUF], ids=["json", "protobuf"])
def test_anything_in_any_order(codec: Codec) -> None:
    machine = type("Machine", (Conversations,), {"codec": codec}).TestCase
    machine.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
    machine("runTest").runTest()
