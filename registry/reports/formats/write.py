"""Write a report to a file of the kind that its name asks for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from registry.core.atomic_file import whole_file
from registry.core.errors import UsageError, UserError
from registry.reports.facts.study import Report

KINDS = (".html", ".md", ".pdf", ".csv", ".parquet", ".json")


def check_name(out: str | Path) -> Path:
    """Return the path of a report.

    Raises:
        UsageError: its ending is of no kind of report.
    """
    out = Path(out)
    if out.suffix.lower() not in (*KINDS, ".htm"):
        listed = f"{', '.join(KINDS[:-1])} or {KINDS[-1]}"
        raise UsageError(f"cannot write a report to {out.name!r}; expected a name that ends in {listed}")
    return out


def write(report: Report, out: str | Path, *, reload: int | None = None) -> Path:
    """Write a report; its name's ending decides the kind. The file appears whole or not at all.

    ``.html`` is a page that needs nothing else; ``.md`` is Markdown with a folder of pictures beside it; ``.pdf`` is
    for A4 paper; ``.csv`` and ``.parquet`` have a row a trial; ``.json`` has all that the report knows.

    Args:
        report: what it tells.
        out: the file.
        reload: after how many seconds a page loads itself again; None for never.

    Raises:
        UsageError: another ending.
        UserError: the file cannot be written.
    """
    out = check_name(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {out.parent}: {error.strerror}; name another file") from error
    data = _html(report, out, reload) if reload else _KINDS[out.suffix.lower()](report, out)
    with whole_file(out) as file:
        file.write(data)
    return out


def _html(report: Report, _out: Path, reload: int | None = None) -> bytes:
    from registry.reports.formats.html import render

    return render(report, reload).encode()


def _markdown(report: Report, out: Path) -> bytes:
    from registry.reports.formats.markdown import folder_of, to_markdown

    text, pictures = to_markdown(report, folder_of(out).name)
    if pictures:
        folder_of(out).mkdir(exist_ok=True)
    for name, data in pictures.items():
        with whole_file(folder_of(out) / name) as file:
            file.write(data)
    return text.encode()


def _pdf(report: Report, _out: Path) -> bytes:
    from registry.reports.formats.pdf import to_pdf

    return to_pdf(report)


def _csv(report: Report, _out: Path) -> bytes:
    from registry.reports.formats.data_files import to_csv

    return to_csv(report)


def _parquet(report: Report, _out: Path) -> bytes:
    from registry.reports.formats.data_files import to_parquet

    return to_parquet(report)


def _json(report: Report, _out: Path) -> bytes:
    from registry.reports.formats.data_files import to_json

    return to_json(report)


_KINDS: dict[str, Callable[[Report, Path], bytes]] = {
    ".html": _html,
    ".htm": _html,
    ".md": _markdown,
    ".pdf": _pdf,
    ".csv": _csv,
    ".parquet": _parquet,
    ".json": _json,
}
