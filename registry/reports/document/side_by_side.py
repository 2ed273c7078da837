"""Things side by side: a column each, a line a property, what differs first and what is equal in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.reports.document.table import NOTHING, Cell, Column, Table


@dataclass(frozen=True, slots=True)
class Line:
    """A property of all things that are compared.

    Args:
        name: what it is.
        cells: one a thing.
        param: it is a param.
        always: it is shown as a line, though all are equal.
    """

    name: str
    cells: tuple[Cell, ...]
    param: bool = False
    always: bool = False

    @property
    def differs(self) -> bool:
        """Whether the things do."""
        return len({cell.value or cell.text for cell in self.cells}) > 1


def side_by_side(heads: Sequence[str], lines: Sequence[Line]) -> Table:
    """Return a column a thing and a line a property in which they differ; its note tells what is equal in all."""
    columns = (Column("", number=False), *(Column(head, number=False) for head in heads))
    rows = tuple((Cell(line.name, param=line.param), *line.cells) for line in lines if line.always or line.differs)
    told = [line for line in lines if not (line.always or line.differs) and line.cells[0] != NOTHING]
    equal = [f"{line.name} {line.cells[0].text}" for line in told]
    return Table(columns, rows, f"Equal in all: {', '.join(equal)}." if equal else "")
