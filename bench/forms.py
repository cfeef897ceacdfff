"""The forms of a standing: bytes on the wire, and what making and reading them costs.

The standing has five categories, as a marketplace's has. The writer starts from the JSON that the ledger
keeps and makes the message that every watcher of one codec is sent: this is done once per publication,
however many watch. The reader turns such a message into a standing's fields, in Python too: other languages'
readers have other figures.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import msgspec

from bench.options import Options
from bench.report import Report, Table
from renown.model import Category, Cause, Standing
from renown.protocol.codec import JSON, PROTOBUF, Codec
from renown.protocol.fossil import apply, delta
from renown.protocol.replies import Publication
from renown.protocol.standing_form import pack
from renown.protocol.wire import client_pb2, standing_pb2

__all__ = ["run"]

CHANNEL = "standing:seller:1042"
ROUNDS = 9


class _Pub(msgspec.Struct):
    data: Standing
    offset: int


class _Push(msgspec.Struct):
    channel: str
    pub: _Pub


class _Message(msgspec.Struct):
    push: _Push


_READER = msgspec.json.Decoder(_Message)
_STANDING = msgspec.json.Decoder(Standing)


def standing(version: int) -> bytes:
    """Return the JSON of a standing after its `version`th event, a review of one category."""
    names = ("quality", "communication", "delivery", "value", "honesty")
    turned = version % len(names)
    categories = {
        name: Category(round(0.7 + 0.0431 * i + (0.001 * version if i == turned else 0), 6), 40 + i)
        for i, name in enumerate(names)
    }
    return msgspec.json.encode(
        Standing(
            subject=CHANNEL.partition(":")[2],
            version=version,
            score=round(0.781204 + 0.0004 * version, 6),
            low=0.741187,
            high=round(0.815533 + 0.0003 * version, 6),
            count=version,
            categories=categories,
            tier="trusted",
            badges=("fast-shipper", "top-rated"),
            status="active",
            provisional=False,
            updated_at=f"2026-03-09T17:25:{version % 60:02d}.481273Z",
            cause=Cause("review", 0.0004),
        )
    )


@dataclass(frozen=True)
class Form:
    """One way to say a publication."""

    name: str
    size: int
    """Of the standing itself."""
    write: Callable[[], bytes]
    read: Callable[[bytes], object]


def _read_json(message: bytes) -> Standing:
    return _READER.decode(message).push.pub.data


def _reply(message: bytes) -> client_pb2.Reply:
    return client_pb2.Reply.FromString(PROTOBUF.split(message)[0])


def _read_json_in_protobuf(message: bytes) -> Standing:
    return _STANDING.decode(_reply(message).push.pub.data)


def _read_packed(message: bytes) -> object:
    s = standing_pb2.Standing.FromString(_reply(message).push.pub.data)
    # Protobuf decodes fields as they are asked for, so they are.
    fields = (s.subject, s.version, s.score, s.low, s.high, s.count, s.tier, list(s.badges), s.status)
    categories = {each.name: (each.score, each.count) for each in s.categories}
    return (*fields, categories, s.provisional, s.updated_at, s.cause.type, s.cause.delta)


def _forms(before: bytes, after: bytes) -> list[Form]:
    def message(codec: Codec, data: bytes, *, is_delta: bool = False) -> bytes:
        publication = Publication(msgspec.Raw(data), offset=41, delta=is_delta)
        return codec.join([codec.publication(CHANNEL, publication)])

    def patch() -> bytes:
        made = delta(before, after)
        assert made is not None
        return made

    def read_patch(encoded: bytes) -> Standing:
        said = msgspec.json.decode(encoded)["push"]["pub"]["data"]
        return _STANDING.decode(apply(before, said.encode()))

    def read_patch_in_protobuf(encoded: bytes) -> Standing:
        return _STANDING.decode(apply(before, _reply(encoded).push.pub.data))

    return [
        Form("JSON", len(after), lambda: message(JSON, after), _read_json),
        Form(
            "JSON, as a patch",
            len(patch()),
            lambda: message(JSON, JSON.text(patch()), is_delta=True),
            read_patch,
        ),
        Form(
            "Protobuf, standing in JSON", len(after), lambda: message(PROTOBUF, after), _read_json_in_protobuf
        ),
        Form(
            "Protobuf, standing in JSON, as a patch",
            len(patch()),
            lambda: message(PROTOBUF, patch(), is_delta=True),
            read_patch_in_protobuf,
        ),
        Form(
            "Protobuf, standing in Protobuf",
            len(pack(after)),
            lambda: message(PROTOBUF, pack(after)),
            _read_packed,
        ),
    ]


def _microseconds(call: Callable[[], object], seconds: float) -> float:
    """Return what one call takes: the median of several turns of equal length."""
    calls, taken = 64, 0.0
    while taken < seconds / ROUNDS / 4:
        calls *= 2
        taken = _turn(call, calls)
    calls = max(1, round(calls * seconds / ROUNDS / taken))
    return median(_turn(call, calls) / calls for _ in range(ROUNDS)) * 1e6


def _turn(call: Callable[[], object], calls: int) -> float:
    began = perf_counter()
    for _ in range(calls):
        call()
    return perf_counter() - began


def run(options: Options) -> Report:
    """Measure each form of one publication."""
    report = Report("forms", "Forms of a standing")
    forms = _forms(standing(40), standing(41))
    seconds = min(1.0, options.seconds)
    rows = list[tuple[str, ...]]()
    whole = len(forms[0].write())
    for form in forms:
        message = form.write()
        writing = _microseconds(form.write, seconds)
        reading = _microseconds(lambda form=form, message=message: form.read(message), seconds)
        share = f"{len(message) / whole:.2f}"
        rows.append((form.name, f"{form.size}", f"{len(message)}", share, f"{writing:.1f}", f"{reading:.1f}"))
        report.raw[form.name] = {
            "standing": form.size,
            "message": len(message),
            "write_us": writing,
            "read_us": reading,
        }
    columns = ("form", "standing, bytes", "message, bytes", "÷ JSON", "writing µs", "reading µs")
    report.tables.append(Table("One publication of a standing with five categories", columns, rows))
    report.notes += [
        "Writing happens once per publication and form, not once per watcher; it starts from the JSON.",
        "Reading is Python's: `msgspec` for JSON, Protobuf's own C library (upb), every field taken out.",
        "The patch is from the version before: a category, the score, its bounds, the time have changed.",
    ]
    return report
