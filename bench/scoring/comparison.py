"""Our figures beside those they are held to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from bench.report import Report, Table

__all__ = ["Allowed", "Row", "Sheet", "report_of"]

Side = Literal["same", "most", "least", "free"]


@dataclass(frozen=True)
class Allowed:
    """How far each figure of a row may lie from its reference, and on which side."""

    tolerance: float
    sides: tuple[Side, ...]
    """`same`: both ways; `most`: it may be lower; `least`: it may be higher; `free`: it is only shown."""

    def keeps(self, ours: Sequence[float], reference: Sequence[float | None]) -> bool:
        """Tell whether all figures are where they may be."""
        return all(
            self._keeps(side, mine, wanted)
            for side, mine, wanted in zip(self.sides, ours, reference, strict=True)
            if wanted is not None
        )

    def _keeps(self, side: Side, mine: float, wanted: float) -> bool:
        # The references are printed figures: half their last digit was lost in rounding.
        over = mine - wanted
        room = self.tolerance + 1e-9
        return (
            side == "free"
            or (side == "same" and abs(over) <= room)
            or (side == "most" and over <= room)
            or (side == "least" and -over <= room)
        )

    def text(self, decimals: int) -> str:
        """Say it in a cell."""
        if all(side == "free" for side in self.sides):
            return ""
        size = f"{self.tolerance:.{max(decimals, 4)}f}".rstrip("0").rstrip(".").removeprefix("0") or "0"
        signs = {"same": f"± {size}", "most": f"≤ +{size}", "least": f"≥ −{size}", "free": "–"}
        said = [signs[side] for side in self.sides]
        return said[0] if len(set(said)) == 1 else ", ".join(said)


@dataclass(frozen=True)
class Row:
    name: str
    ours: tuple[float, ...]
    reference: tuple[float | None, ...] = ()
    allowed: Allowed | None = None
    more: tuple[str, ...] = ()
    """Cells of further columns."""

    @property
    def met(self) -> bool | None:
        """Whether it is where it is held to; None where nothing holds it."""
        if self.allowed is None or not self.reference or set(self.allowed.sides) == {"free"}:
            return None
        return self.allowed.keeps(self.ours, self.reference)


@dataclass
class Sheet:
    """One table of rows with the same figures."""

    title: str
    columns: tuple[str, ...]
    rows: list[Row] = field(default_factory=list[Row])
    more: tuple[str, ...] = ()
    reference: str = "reference"
    decimals: int = 3
    signed: bool = False

    def table(self) -> Table:
        """Return it as text."""
        columns = ("", *self.columns, self.reference, "allowed", "", *self.more)
        return Table(self.title, columns, [self._line(row) for row in self.rows])

    def _line(self, row: Row) -> tuple[str, ...]:
        reference = " / ".join("–" if value is None else self._text(value) for value in row.reference)
        verdict = {True: "met", False: "**not met**", None: ""}[row.met]
        allowed = row.allowed.text(self.decimals) if row.allowed is not None and row.reference else ""
        ours = [self._text(value) for value in row.ours]
        ours += [""] * (len(self.columns) - len(ours))
        more = row.more + ("",) * (len(self.more) - len(row.more))
        return (row.name, *ours, reference, allowed, verdict, *more)

    def _text(self, value: float) -> str:
        sign = "+" if self.signed else ""
        text = f"{value:{sign}.{self.decimals}f}"
        return text.replace("0.", ".", 1) if abs(value) < 1 and self.decimals else text


def report_of(name: str, title: str, sheets: Sequence[Sheet], notes: Sequence[str] = ()) -> Report:
    """Return a bench's report with a note of how many rows are met."""
    met = [row.met for sheet in sheets for row in sheet.rows if row.met is not None]
    missed = [row.name for sheet in sheets for row in sheet.rows if row.met is False]
    count = f"{sum(met)} of {len(met)} rows met" + (f"; not met: {'; '.join(missed)}" if missed else "")
    return Report(
        name,
        title,
        [sheet.table() for sheet in sheets],
        notes=[*notes, f"{count}."],
        raw={"missed": missed},
    )
