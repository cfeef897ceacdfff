"""What a bench says at its end: tables in Markdown, goals met or not, and raw figures."""

from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Goal", "Report", "Table"]


@dataclass(frozen=True)
class Table:
    """A table whose cells are already text."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def markdown(self) -> str:
        """Lines of a Markdown table, padded so that it reads well in a terminal too."""
        widths = [max(len(line[i]) for line in (self.columns, *self.rows)) for i in range(len(self.columns))]

        def line(cells: tuple[str, ...]) -> str:
            first, *rest = zip(cells, widths, strict=True)
            texts = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
            return "| " + " | ".join(texts) + " |"

        rule = (
            "|"
            + "|".join(":" + "-" * (w + 1) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths))
            + "|"
        )
        return "\n".join([f"**{self.title}**", "", line(self.columns), rule, *map(line, self.rows)])


@dataclass(frozen=True)
class Goal:
    """Something the figures are to reach."""

    name: str
    ours: float
    limit: float
    unit: str = ""
    at_most: bool = True

    @property
    def met(self) -> bool:
        """Whether the figure is on the right side of the limit."""
        return self.ours <= self.limit if self.at_most else self.ours >= self.limit

    def line(self) -> str:
        """One line of Markdown."""
        sign = "≤" if self.at_most else "≥"
        verdict = "met" if self.met else "**not met**"
        goal = f"goal {sign} {self.limit:,g} {self.unit}"
        return f"- {self.name}: {self.ours:,.4g} {self.unit} ({goal}): {verdict}"


@dataclass
class Report:
    """One bench's result."""

    name: str
    title: str
    tables: list[Table] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)

    def markdown(self) -> str:
        """The whole report as Markdown."""
        parts = [f"### {self.title}", *(table.markdown() for table in self.tables)]
        if self.goals:
            parts.append("\n".join(goal.line() for goal in self.goals))
        if self.notes:
            parts.append("\n".join(f"- {note}" for note in self.notes))
        return "\n\n".join(parts) + "\n"

    def json(self) -> dict[str, Any]:
        """The report for `--json`, raw figures and all."""
        goals = [{**asdict(goal), "met": goal.met} for goal in self.goals]
        tables = [asdict(table) for table in self.tables]
        return {"bench": self.name, "goals": goals, "tables": tables, "notes": self.notes, "raw": self.raw}
