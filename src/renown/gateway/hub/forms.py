"""In which form a member gets a channel's publications: everything that decides about the bytes.

Members of one channel with one form get the same bytes, made once. Forms are interned: equal wishes are
the same object, so they are compared and hashed by identity.
"""

from collections.abc import Sequence
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from renown.gateway.wires import WIRES, Wire
from renown.protocol.codec import Unspeakable
from renown.protocol.commands import FilterNode
from renown.protocol.effects import Attach, Log, Newest, State
from renown.protocol.filters import passes
from renown.protocol.fossil import delta
from renown.protocol.replies import Publication
from renown.protocol.standing_form import pack

__all__ = ["Batch", "Form", "Placed", "canonical", "form_of", "plain_form", "wanted_form"]

Placed = tuple[float, Publication]
"""A publication with its place in the channel's order: its offset where it has one, else between two."""


class Form:
    """How publications are said to some members. Made by `form_of` only."""

    __slots__ = ("__weakref__", "delta", "filter", "packed", "settled", "wire")

    def __init__(self, wire: Wire, patched: bool, packed: bool, tags: FilterNode | None) -> None:
        self.wire = wire
        self.delta = patched
        """Publications may be patches, and JSON carries data as a string."""
        self.packed = packed
        """Standings are in their Protobuf form."""
        self.filter = tags
        """Only publications whose tags pass are said."""
        self.settled: Form | None = None
        """Where members go once they hold a publication: None for those that stay.

        With deltas the first publication after a subscription is whole, the following ones are patches of
        the one before. So each such form has a sibling for members who hold none yet.
        """

    @property
    def patches(self) -> bool:
        """Whether its members hold the publication before, so that a patch will do."""
        return self.delta and self.settled is None and self.filter is None and not self.packed

    def __repr__(self) -> str:
        return f"<{self.wire.name} delta={self.delta} packed={self.packed} filter={self.filter is not None}>"

    def passes(self, publication: Publication) -> bool:
        """Tell whether members of this form want a publication."""
        return self.filter is None or passes(self.filter, publication.tags)

    def whole(self, publication: Publication) -> Publication:
        """Return the publication as it is said when it is no patch."""
        data = bytes(publication.data)
        if self.packed and data:
            data = pack(data)
        if self.delta:
            data = self.wire.codec.text(data)
        elif not self.packed:
            return publication
        return msgspec.structs.replace(publication, data=msgspec.Raw(data))

    def state(self, state: State) -> State:
        """Return a channel's state as members of this form are told it."""
        if not (self.delta or self.packed or self.filter):
            return state
        if isinstance(state, Newest):
            return self._newest(state)
        if isinstance(state, Log):
            return self._log(state)
        return state

    def _newest(self, state: Newest) -> Newest:
        if not state.offset:
            return state
        said = state.publication or Publication(msgspec.Raw(state.data), offset=state.offset)
        if not self.passes(said):
            return Newest(state.epoch, state.offset, b"")
        said = self.whole(said)
        return Newest(
            state.epoch, state.offset, bytes(said.data), None if state.publication is None else said
        )

    def _log(self, state: Log) -> Log:
        wanted = [publication for publication in state.publications if self.passes(publication)]
        skipped = len(state.publications) - len(wanted)
        said: list[Publication] = []
        base: bytes | None = None
        for publication in wanted:
            patch = None if base is None or not self.settled else delta(base, bytes(publication.data))
            said.append(self.whole(publication) if patch is None else self.patched(publication, patch))
            base = bytes(publication.data)
        return Log(state.epoch, state.top, tuple(said), skipped)

    def patched(self, publication: Publication, patch: bytes) -> Publication:
        """Return a publication that says only how it differs from the one before."""
        try:
            data = msgspec.Raw(self.wire.codec.text(patch))
        except Unspeakable:
            # It may cut a character in two.
            return self.whole(publication)
        return msgspec.structs.replace(publication, data=data, delta=True)


class Batch:
    """What a channel says in one turn, in every form that is asked for, each made once."""

    __slots__ = ("_base", "_channel", "_patches", "_said", "entries")

    def __init__(self, channel: str, entries: Sequence[Placed], base: bytes | None) -> None:
        """`base` is the data of the publication before, None: there was none."""
        self.entries = entries
        self._channel = channel
        self._base = base
        self._said: dict[Form, list[tuple[float, bytes]]] = {}
        self._patches: list[bytes | None] | None = None

    def said(self, form: Form) -> list[tuple[float, bytes]]:
        """Return the encoded pushes with their places; raise `Unspeakable`."""
        said = self._said.get(form)
        if said is None:
            said = self._said[form] = self._say(form)
        return said

    def pushes(self, form: Form) -> list[bytes]:
        """Return the encoded pushes; raise `Unspeakable`."""
        return [push for _, push in self.said(form)]

    def _say(self, form: Form) -> list[tuple[float, bytes]]:
        encode, channel = form.wire.codec.publication, self._channel
        if not (form.delta or form.packed or form.filter):
            return [(place, encode(channel, publication)) for place, publication in self.entries]
        patches = self.patches() if form.patches else [None] * len(self.entries)
        return [
            (place, encode(channel, form.whole(pub) if patch is None else form.patched(pub, patch)))
            for (place, pub), patch in zip(self.entries, patches, strict=True)
            if form.passes(pub)
        ]

    def patches(self) -> list[bytes | None]:
        """Return for each publication the patch of the one before, None where whole is better."""
        if self._patches is None:
            base, self._patches = self._base, []
            for _, publication in self.entries:
                data = bytes(publication.data)
                self._patches.append(None if base is None else delta(base, data))
                base = data
        return self._patches


_FORMS: Final[WeakValueDictionary[tuple[Wire, bool, bool, bytes], Form]] = WeakValueDictionary()
_PLAIN: Final[dict[Wire, Form]] = {wire: Form(wire, False, False, None) for wire in WIRES}


def plain_form(wire: Wire) -> Form:
    """Return the form of members without special wishes."""
    return _PLAIN[wire]


def form_of(wire: Wire, patched: bool = False, packed: bool = False, tags: FilterNode | None = None) -> Form:
    """Return the form in which a new member gets its first publication."""
    if not (patched or packed or tags):
        return _PLAIN[wire]
    tags = None if tags is None else canonical(tags)
    key = (wire, patched, packed, b"" if tags is None else msgspec.json.encode(tags))
    form = _FORMS.get(key)
    if form is None:
        form = _FORMS[key] = Form(wire, patched, packed, tags)
        if patched and not packed and tags is None:
            form.settled = Form(wire, patched, packed, tags)
    return form


def wanted_form(wire: Wire, wanted: Attach) -> Form:
    """Return the form that a subscription asks for."""
    if not (wanted.delta or wanted.packed or wanted.filter):
        return _PLAIN[wire]
    return form_of(wire, wanted.delta, wanted.packed, wanted.filter)


def canonical(node: FilterNode) -> FilterNode:
    """Return one and the same filter for filters that differ only in order or in what they leave out."""
    nodes = sorted((canonical(child) for child in node.nodes or ()), key=msgspec.json.encode)
    vals = sorted(set(node.vals or ()))
    return FilterNode(
        op=node.op or None,
        key=node.key or None,
        cmp=node.cmp or None,
        val=node.val or None,
        vals=vals or None,
        nodes=nodes or None,
    )
