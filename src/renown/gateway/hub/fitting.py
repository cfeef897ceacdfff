"""How much fits one answer."""

from renown.protocol.replies import ClientInfo, Publication

__all__ = ["fitting_in"]


def fitting_in(publications: tuple[Publication, ...], size: int) -> tuple[Publication, ...]:
    """Return as many, from the first on, as hold no more than `size` bytes, and at least one.

    Data counts, and who published it.
    """
    total = 0
    for number, publication in enumerate(publications):
        total += len(bytes(publication.data)) + _size_of(publication.info)
        if total > size and number:
            return publications[:number]
    return publications


def _size_of(info: ClientInfo | None) -> int:
    if info is None:
        return 0
    said = (info.conn_info, info.chan_info)
    return len(info.user) + len(info.client) + sum(len(bytes(each)) for each in said if each is not None)
