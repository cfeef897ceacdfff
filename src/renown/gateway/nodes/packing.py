"""Publications and who is behind them, in the form in which nodes send them to each other."""

from collections.abc import Iterable

import msgspec

from renown.protocol.replies import ClientInfo, Publication

__all__ = [
    "Packed",
    "PackedInfo",
    "PackedPublication",
    "Tagged",
    "bytes_of",
    "pack_info",
    "pack_publications",
    "raw_of",
    "unpack_info",
    "unpack_publications",
]


class Packed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is sent as a list of its fields."""


class Tagged(Packed, frozen=True, tag=True):
    """The same with the name of what it is in front: a message."""


# Raw data is JSON or anything, and stands within what is packed as bytes.


class PackedInfo(Packed, frozen=True):
    """A `ClientInfo`."""

    user: str
    client: str
    conn_info: bytes | None
    chan_info: bytes | None


class PackedPublication(Packed, frozen=True):
    """A `Publication`."""

    data: bytes
    info: PackedInfo | None
    offset: int
    tags: dict[str, str] | None
    time: int
    key: str
    removed: bool
    binary: bool


def pack_info(info: ClientInfo) -> PackedInfo:
    """Return who somebody is, to be sent."""
    return PackedInfo(info.user, info.client, bytes_of(info.conn_info), bytes_of(info.chan_info))


def unpack_info(info: PackedInfo) -> ClientInfo:
    """Return who somebody is, as it was sent."""
    return ClientInfo(info.user, info.client, raw_of(info.conn_info), raw_of(info.chan_info))


def pack_publications(publications: Iterable[Publication]) -> tuple[PackedPublication, ...]:
    """Return publications, to be sent."""
    return tuple(
        PackedPublication(
            bytes(each.data),
            None if each.info is None else pack_info(each.info),
            each.offset,
            each.tags,
            each.time,
            each.key,
            each.removed,
            each.binary,
        )
        for each in publications
    )


def unpack_publications(publications: Iterable[PackedPublication]) -> tuple[Publication, ...]:
    """Return publications, as they were sent."""
    return tuple(
        Publication(
            msgspec.Raw(each.data),
            None if each.info is None else unpack_info(each.info),
            each.offset,
            each.tags,
            time=each.time,
            key=each.key,
            removed=each.removed,
            binary=each.binary,
        )
        for each in publications
    )


def bytes_of(raw: msgspec.Raw | None) -> bytes | None:
    """Return raw data as it is sent."""
    return None if raw is None else bytes(raw)


def raw_of(data: bytes | None) -> msgspec.Raw | None:
    """Return raw data as it was sent."""
    return None if data is None else msgspec.Raw(data)
