"""Splits a body that arrives in pieces into lines, with bounded memory."""

__all__ = ["LineSplitter"]


class LineSplitter:
    """Collects bytes and gives out whole lines; a line over `longest` bytes is given out as None."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._rest = b""
        self._skipping = False

    def feed(self, chunk: bytes) -> list[bytes | None]:
        """Take the next piece; return the lines that it completes, without their ends."""
        pieces = chunk.split(b"\n")
        if len(pieces) == 1:
            self._keep(pieces[0])
            return []
        first = self._finish(pieces[0])
        middle: list[bytes | None] = [*pieces[1:-1]]
        if max(map(len, pieces)) > self._longest:
            middle = [self._measured(piece) for piece in pieces[1:-1]]
        self._rest = b""
        self._keep(pieces[-1])
        return [first, *middle]

    def close(self) -> list[bytes | None]:
        """Say that the body ended; return the last line when it had no end of its own."""
        if not self._rest and not self._skipping:
            return []
        return [self._finish(b"")]

    def _finish(self, piece: bytes) -> bytes | None:
        if self._skipping:
            self._skipping = False
            return None
        return self._measured(self._rest + piece)

    def _measured(self, line: bytes) -> bytes | None:
        return line if len(line) <= self._longest else None

    def _keep(self, piece: bytes) -> None:
        if self._skipping:
            return
        self._rest += piece
        if len(self._rest) > self._longest:
            self._rest = b""
            self._skipping = True
