"""How much fits one answer."""

from renown.protocol.replies import Publication

__all__ = ["fitting_in"]


def fitting_in(publications: tuple[Publication, ...], size: int) -> tuple[Publication, ...]:
    """Return as many, from the first on, as hold no more data than `size` bytes, and at least one."""
    total = 0
    for number, publication in enumerate(publications):
        total += len(bytes(publication.data))
        if total > size and number:
            return publications[:number]
    return publications
