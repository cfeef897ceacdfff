"""Each command, frame and moment does exactly what the protocol says: a session against a model of it.

The model (`protocol_model`) predicts every reply to the last field, each error and close code with its words,
what is asked of the surroundings, what is subscribed to and when time has something to do, in both codecs.
"""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import Raw

from renown.protocol.access import Limits
from renown.protocol.codec import JSON, PROTOBUF, Codec
from renown.protocol.codes import Unsubscribed
from renown.protocol.effects import (
    Attach,
    Call,
    Close,
    Detach,
    Effect,
    Position,
    Publish,
    Release,
    Send,
)
from renown.protocol.replies import Message, Push
from tests.unit.protocol_model import Model
from tests.unit.protocol_reading import read_reply, value_of
from tests.unit.protocol_sayings import (
    CHANNELS,
    CONNECT,
    DENIED,
    ENDING,
    GONE,
    GOOD_TOKENS,
    MAP,
    MAP_BEGUN,
    OFTEN,
    PAGE,
    RECOVER,
    REQUEST,
    SERVERS,
    SUBSCRIBE,
    SUBSCRIPTION_TOKENS,
    TOKENS_FOR,
    WHO_IS_THERE,
    WITH_TOKEN,
    WRONG,
    answers,
)
from tests.unit.protocol_talk import ROUTES, Rules, Talk, encoded, message, varint
from tests.unit.protocol_words import Told


def told(effect: Effect, *, is_json: bool) -> Told:
    """Return an effect as the model tells it."""
    match effect:
        case Send(reply):
            return ("say", read_reply(reply, is_json=is_json))
        case Close(why):
            return ("close", why.code, why.reason)
        case Detach(channel):
            return ("detach", channel)
        case Release():
            return ("release",)
        case _:
            return ("ask", type(effect).__name__, _asked(effect))


def _asked(question: Any) -> dict[str, Any]:
    match question:
        case Attach():
            wish, since = question.map, question.recover
            return {
                "channel": question.channel,
                "recover": since and (since.epoch, since.offset),
                "map": wish and (wish.phase, wish.cursor, wish.limit),
                "delta": question.delta,
                "filtered": question.filter is not None,
                "shown": question.info is not None,
                "joins": question.joins,
                "hold": question.hold,
            }
        case Publish(channel, data, info, key, removed):
            seen = {"user": info.user, "client": info.client}
            for name in ("conn_info", "chan_info"):
                if getattr(info, name):
                    seen[name] = value_of(bytes(getattr(info, name)))
            said = value_of(data) if data else None
            return {"channel": channel, "data": said, "info": seen, "key": key, "removed": removed}
        case Call(method, data):
            return {"method": method, "data": value_of(data) if data else None}
        case _:
            return {name: getattr(question, name) for name in question.__struct_fields__}


class Exact(RuleBasedStateMachine):
    """Connections, one after another, each from its first byte to its end."""

    codec: Codec

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.connect_anew(data)

    def connect_anew(self, data: st.DataObject) -> None:
        rules = Rules()
        rules.anonymous = data.draw(OFTEN)
        rules.revocations, rules.crowds = ("lost",), ("crowd",)
        names = data.draw(st.sampled_from([[], [], [], ["s:1"], ["s:1", "n:1"], ["x:1", "f:1", "m:1"]]))
        rules.servers = {name: SERVERS[name] for name in names}
        limits: dict[str, Any] = data.draw(
            st.sampled_from(
                [
                    *({}, {}, {}),
                    {"commands": 1.0, "burst": 4, "channels": 2},
                    {"channels": 3},
                    {"ping": 0.0},
                    {"server_channels": 1},
                    {"ping": 5.0, "pong": 8.0, "grace": 2.0},
                ]
            )
        )
        missing = data.draw(st.sampled_from([0] * 20 + [1, 4]))
        rules.keys_missing = missing
        self.talk = Talk(self.codec, rules, **limits)
        theirs = Rules()
        theirs.__dict__.update(rules.__dict__, keys_missing=0)
        self.model = Model(theirs, ROUTES, Limits(**limits), self.codec.json, missing)
        self.asked: Any = None
        self.number = 1
        if data.draw(OFTEN):
            self.say({"id": 1, "connect": {"token": data.draw(st.sampled_from(GOOD_TOKENS))}})
            self.answer_all(data)

    def come_back(self, data: st.DataObject) -> None:
        """Connect anew where a connection has ended; now and then go on with what is none."""
        if self.model.stage in ("closed", "refused") and data.draw(OFTEN):
            self.connect_anew(data)

    # What happens

    def say(self, *commands: dict[str, Any]) -> None:
        self.receive(message(self.codec, *commands))

    def receive(self, frame: bytes) -> None:
        self.check(self.talk.session.receive(frame, self.talk.now), self.model.receive(frame))

    def numbered(self, data: st.DataObject, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """Return a command with an id: nearly always a new one."""
        self.number += 1
        usual = [{"id": self.number}] * 17
        number = data.draw(st.sampled_from([*usual, {"id": 1}, {"id": 2**32 - 1}, {"id": 0}, {}]))
        return {**number, name: request}

    def answer_all(self, data: st.DataObject) -> None:
        while self.asked is not None and data.draw(OFTEN):
            self.answer(data)

    @rule(data=st.data(), requests=st.lists(REQUEST, min_size=1, max_size=4))
    def commands(self, data: st.DataObject, requests: list[tuple[str, dict[str, Any]]]) -> None:
        self.come_back(data)
        self.say(*(self.numbered(data, *each) for each in requests))
        self.answer_all(data)

    @rule(data=st.data(), request=REQUEST)
    def a_command(self, data: st.DataObject, request: tuple[str, dict[str, Any]]) -> None:
        self.commands(data, [request])

    @rule(
        data=st.data(), wish=st.one_of(MAP_BEGUN, SUBSCRIBE, MAP, RECOVER, WITH_TOKEN, st.just(WHO_IS_THERE))
    )
    def subscribe(self, data: st.DataObject, wish: dict[str, Any]) -> None:
        self.commands(data, [("subscribe", wish)])

    @precondition(lambda self: self.model.readings)
    @rule(data=st.data(), more=st.fixed_dictionaries({}, optional=PAGE))
    def read_on(self, data: st.DataObject, more: dict[str, Any]) -> None:
        """Ask for the next part of a map, mostly as a client should."""
        channel, reading = next(iter(self.model.readings.items()))
        usual = {"phase": 1} if reading.catching_up else {"phase": 2, "cursor": "next"}
        wish = {**more, **usual, "epoch": reading.epoch} if data.draw(OFTEN) else more
        kind = ROUTES[channel.lstrip("$")[0]].map_type
        self.commands(data, [("subscribe", {"channel": channel, "type": kind, **wish})])

    @rule(data=st.data(), how=st.integers(0, 3), why=st.sampled_from(GONE))
    def look_who_is_there(self, data: st.DataObject, how: int, why: Unsubscribed) -> None:
        self.commands(data, [("subscribe", {"channel": "r:1"}), ("subscribe", WHO_IS_THERE)])
        if how == 0:
            self.commands(data, [("unsubscribe", {"channel": "r:1"})])
        elif how == 1:
            self.check(self.talk.session.unsubscribe("r:1", why), self.model.unsubscribe("r:1", why.code))

    @precondition(lambda self: self.model.standing)
    @rule(
        data=st.data(),
        name=st.sampled_from(["unsubscribe", "subscribe", "sub_refresh", "history", "publish"]),
    )
    def with_what_stands(self, data: st.DataObject, name: str) -> None:
        channel = data.draw(st.sampled_from(list(self.model.standing)))
        more: dict[str, Any] = {}
        if name == "sub_refresh":
            more = {"token": data.draw(st.sampled_from([*TOKENS_FOR[channel] * 5, *SUBSCRIPTION_TOKENS, ""]))}
        if name == "publish":
            more = {"data": {"a": "\n"}}
        self.commands(data, [(name, {"channel": channel, **more})])

    @rule(data=st.data(), first=REQUEST, second=st.booleans().flatmap([REQUEST, ENDING].__getitem__))
    def several_requests_in_one(
        self, data: st.DataObject, first: tuple[str, dict[str, Any]], second: tuple[str, dict[str, Any]]
    ) -> None:
        self.come_back(data)
        number = data.draw(st.sampled_from([{}, {"id": 0}]))
        self.say({**self.numbered(data, *first), second[0]: second[1], **number})
        self.answer_all(data)

    @precondition(lambda self: self.model.stage == "new")
    @rule(data=st.data(), request=CONNECT)
    def connect(self, data: st.DataObject, request: dict[str, Any]) -> None:
        self.commands(data, [("connect", request)])

    @precondition(lambda self: self.model.pong_by < 1e9)
    @rule(how=st.sampled_from(["plain", "plain", "written"]))
    def pong(self, how: str) -> None:
        if how == "written":
            self.say({"id": 0})
        else:
            self.receive(self.codec.join([self.codec.pong]))

    # What ends connections

    @rule(data=st.data(), request=REQUEST, how=st.integers(0, 19))
    def something_is_wrong(self, data: st.DataObject, request: tuple[str, dict[str, Any]], how: int) -> None:
        self.come_back(data)
        command = self.numbered(data, *request)
        ways: list[Any] = [
            self.noise,
            self.half_a_frame,
            self.huge_length,
            self.turned_byte,
            self.wrong_types,
        ]
        if how < len(ways):
            ways[how](data, command)
        elif how == 5:
            self.say(self.numbered(data, *data.draw(ENDING)))
        elif how == 6:
            self.receive(self.codec.join([self.codec.pong] * 2))
        elif how == 7:
            self.no_text(data)

    def noise(self, data: st.DataObject, command: dict[str, Any]) -> None:
        good = data.draw(st.sampled_from([b"", message(self.codec, command)]))
        self.receive(good + data.draw(st.binary(max_size=40)))

    def half_a_frame(self, data: st.DataObject, command: dict[str, Any]) -> None:
        whole = message(self.codec, *[command] * data.draw(st.integers(1, 3)))
        self.receive(whole[: data.draw(st.integers(0, len(whole) - 1))])

    def huge_length(self, data: st.DataObject, command: dict[str, Any]) -> None:
        length = data.draw(st.sampled_from([3, 2**14, 2**20, 2**31, 2**32, 2**63, 2**64, 2**70, 2**700]))
        self.receive(message(self.codec, command) + varint(length) + b"\x08\x01")

    def turned_byte(self, data: st.DataObject, command: dict[str, Any]) -> None:
        """A good command and one of which a byte was turned."""
        single = json.dumps(command).encode() if self.codec.json else encoded(command)
        place = data.draw(st.integers(0, len(single) - 1)) if single else 0
        byte = data.draw(
            st.sampled_from([b"\x00", b"\n", b'"', b"\\", b"}", b"\x80", b"\xff"]) | st.binary(max_size=1)
        )
        turned = single[:place] + byte + single[place + 1 :]
        if not self.codec.json or b"\\u" not in turned:
            self.receive(self.codec.join([single, turned]))

    def no_text(self, data: st.DataObject) -> None:
        """A call with bytes that are no UTF-8: in Protobuf its data may be any, its method may not."""
        where = data.draw(st.sampled_from(["data", "method"]))
        call = message(self.codec, {"id": 9, "rpc": {"method": "echo", "data": "", where: "spoilt"}})
        self.receive(call.replace(b"spoilt", data.draw(st.sampled_from([b"\x80poilt", b"spo\xff\xfet"]))))

    def wrong_types(self, data: st.DataObject, command: dict[str, Any]) -> None:
        if not self.codec.json:
            return
        inside = data.draw(st.sampled_from([each for each in command.values() if isinstance(each, dict)]))
        where = data.draw(st.sampled_from([each for each in (inside, command) if each]))
        where = {**where, data.draw(st.sampled_from(sorted(where))): data.draw(st.sampled_from(WRONG))}
        name = next(iter(set(command) - {"id"}))
        self.say(where if "id" in where or name in where else {**command, name: where})

    # What the surroundings do

    @precondition(lambda self: self.asked is not None)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        answer = data.draw(answers(self.asked))
        self.asked = None
        self.check(self.talk.session.answered(answer, self.talk.now), self.model.answered(answer))

    @rule(seconds=st.sampled_from([0, 1, 2, 5, 12, 30]))
    def wait(self, seconds: int) -> None:
        until = self.talk.now + seconds
        while self.talk.session.due <= until:
            self.talk.now = self.model.now = max(self.talk.now, self.talk.session.due)
            done = self.talk.session.tick(self.talk.now)
            assert done, "a tick that was due does something"
            self.check(done, self.model.tick())
        self.talk.now = self.model.now = until
        self.check(self.talk.session.tick(until), self.model.tick())

    @rule(data=st.data(), how=st.integers(0, 6))
    def the_server_does(self, data: st.DataObject, how: int) -> None:
        self.come_back(data)
        session, model, known = self.talk.session, self.model, self.model.channels
        if how == 0 and known:
            channel, why = data.draw(st.sampled_from(known)), data.draw(st.sampled_from(GONE))
            self.check(session.unsubscribe(channel, why), model.unsubscribe(channel, why.code))
        elif how == 1:
            channel, since = (
                data.draw(st.sampled_from(CHANNELS)),
                data.draw(st.sampled_from([None, ("e", 3)])),
            )
            done = session.subscribe(channel, self.talk.now, since=since and Position(*since))
            self.check(done, model.subscribe(channel, since))
            self.answer_all(data)
        elif how == 2:
            said = data.draw(st.sampled_from([b"1", b'{"m":1}', b"1", b"\xff"]))
            self.check(session.push(Push(message=Message(Raw(said)))), model.push(said))
        elif how == 3:
            self.talk.rules.denied = model.rules.denied = data.draw(st.sampled_from(DENIED))
            self.check(session.recheck(), model.recheck())
        elif how == 4:
            self.talk.rules.revocations = model.rules.revocations = ("lost", "soon")
            self.check(session.recheck(), model.recheck())

    # What must hold

    def check(self, effects: list[Effect], expected: list[Told]) -> None:
        found = [told(effect, is_json=self.codec.json) for effect in effects]
        assert found == expected
        if effects and found[-1][0] == "ask":
            self.asked = effects[-1]
        if self.model.stage == "closed":
            self.asked = None

    @invariant()
    def the_same_channels(self) -> None:
        assert self.talk.session.channels == self.model.channels

    @invariant()
    def the_same_time(self) -> None:
        assert self.talk.session.due == self.model.due


@pytest.mark.parametrize("codec", [JSON, PROTOBUF], ids=["json", "protobuf"])
def test_everything_as_the_protocol_says(codec: Codec) -> None:
    machine = type("Machine", (Exact,), {"codec": codec}).TestCase
    machine.settings = settings(
        max_examples=100,
        stateful_step_count=30,
        deadline=None,
        report_multiple_bugs=False,
        # On a busy machine drawing takes long, which says nothing about the protocol.
        suppress_health_check=[HealthCheck.too_slow],
    )
    machine("runTest").runTest()
