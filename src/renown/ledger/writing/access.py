"""How a batch reaches the store: within its own transaction, or ahead of the one before."""

from collections.abc import Callable
from typing import Protocol

from renown.stores import Reader, Writer

__all__ = ["Access", "Ahead", "Overtaken", "Within"]


class Overtaken(Exception):
    """What a batch was folded on is not what the store holds: it has to be folded again."""


class Access(Protocol):
    """What a batch may ask of the store."""

    @property
    def reader(self) -> Reader:
        """For what the batch looks up before it folds."""
        ...

    def writer(self) -> Writer:
        """For what must see all that was folded before: the batch's transaction, begun.

        Raises:
            Overtaken: what was folded before is not what the store holds.

        """
        ...


class Within:
    """The batch has its transaction already: nobody else can write."""

    def __init__(self, writer: Writer) -> None:
        self.reader = writer
        self._writer = writer

    def writer(self) -> Writer:
        """Return the writer."""
        return self._writer


class Ahead:
    """The batch before is being stored meanwhile: what is looked up may lack what that batch adds."""

    def __init__(self, reader: Reader, catch_up: Callable[[], Writer]) -> None:
        self.reader = reader
        self.begun = False
        """Whether the batch has come to have its transaction."""
        self._catch_up = catch_up

    def writer(self) -> Writer:
        """Wait for the batch before, and begin."""
        writer = self._catch_up()
        self.begun = True
        return writer
