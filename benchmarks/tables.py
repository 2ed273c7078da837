"""Put a measured table where a document shows it."""

from __future__ import annotations

from pathlib import Path


def write_table(document: Path, command: str, table: str) -> None:
    """Replace what stands between a document's two marks of a command.

    The marks are comments: ``<!-- table of COMMAND: begin -->`` and ``<!-- table of COMMAND: end -->``.

    Raises:
        SystemExit: the document has no such marks.
    """
    begin, end = (f"<!-- table of {command}: {which} -->" for which in ("begin", "end"))
    text = document.read_text()
    if begin not in text or end not in text:
        raise SystemExit(f"{document} has no marks {begin} and {end}")
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    document.write_text(f"{before}{begin}\n{table.strip()}\n{end}{after}")
