"""A database's URL: which are allowed, how they are shown, and the file that a SQLite URL names."""

from __future__ import annotations

import os
import re
import shlex
from urllib.parse import quote_plus

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from registry.core.errors import DatabaseError

DEFAULT_FILE, OWN_FILE = "studies.db", "my-studies.db"
DEFAULT_URL, OWN_URL = f"sqlite:///{DEFAULT_FILE}", f"sqlite:///{OWN_FILE}"
REFERENCE_MARK = ".studies-reference"  # where it lies, `DEFAULT_FILE` is a reference that is only read
# libpq's options that hold a secret or the path of one, and how they may be misspelt.
SECRET_OPTIONS = re.compile("pass|pwd|secret|token|scram", re.IGNORECASE)
HIDDEN = "***"


def default_url() -> str:
    """Return ``STUDIES_URL``, or ``studies.db`` in the working folder.

    Where that is a reference, it is ``my-studies.db``, once something was written; see `own_database.own_url`.
    """
    own = OWN_URL if is_reference_here() and os.path.exists(OWN_FILE) else DEFAULT_URL
    return os.environ.get("STUDIES_URL") or own


def is_reference_here() -> bool:
    """Tell whether the working folder's ``studies.db`` is a reference that is only read."""
    return os.path.exists(REFERENCE_MARK)


def display_url(url: str | URL) -> str:
    """Return the URL with all its secrets hidden, to be printed or logged.

    Example:
        >>> display_url("postgresql://ann:secret@db/studies?sslpassword=other")
        'postgresql+psycopg://ann:***@db/studies?sslpassword=***'
    """
    parsed = parse_url(url)
    hidden = dict.fromkeys(_secret_options(parsed), HIDDEN)
    shown = parsed.update_query_dict(hidden).render_as_string(hide_password=True)
    return shown.replace(quote_plus(HIDDEN), HIDDEN)


def pasted_url(url: str | URL) -> str:
    """Return the URL as a word of a command that is printed, to be pasted into a shell; without its secrets."""
    return shlex.quote(without_secrets(url).render_as_string(hide_password=False))


def _secret_options(url: URL) -> list[str]:
    return [name for name in url.query if SECRET_OPTIONS.search(name)]


def hide_secrets(text: str, url: str | URL) -> str:
    """Return a text, such as a driver's error, without the secrets that a URL holds."""
    parsed = parse_url(url)
    listed = [parsed.query[name] for name in _secret_options(parsed)]
    values = [value for item in listed for value in ([item] if isinstance(item, str) else item)]
    for secret in filter(None, [str(parsed.password or ""), *values]):
        text = text.replace(secret, HIDDEN)
    return text


def without_secrets(url: str | URL) -> URL:
    """Return a database's URL without its password, fit to be copied; the driver finds the password elsewhere."""
    parsed = parse_url(url)
    secret = _secret_options(parsed)
    return parsed._replace(password=None).difference_update_query(secret)  # URL.set takes None for "as it was"


def parse_url(url: str | URL) -> URL:
    """Return the URL as SQLAlchemy's, with psycopg 3 as PostgreSQL's driver.

    Raises:
        DatabaseError: it is not a database URL, or of a database that is not supported.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The text may hold a password, so it is not repeated.
        raise DatabaseError(
            "the storage is not a database URL; expected for example sqlite:///studies.db or "
            "postgresql://user@host/name"
        ) from None
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise DatabaseError(f"the storage is a {parsed.get_backend_name()!r} URL; expected sqlite:/// or postgresql://")
    if parsed.get_backend_name() == "sqlite" and (parsed.host or parsed.port or parsed.username):
        raise DatabaseError(
            "the storage is a SQLite URL with a host; expected sqlite:///FILE, or sqlite:////FOLDER/FILE"
        )
    if "@" in (parsed.host or ""):
        raise DatabaseError("the storage's password holds an '@', which ends it in a URL; expected %40 in its place")
    if parsed.port is not None and not 0 < parsed.port < 2**16:
        raise DatabaseError(f"the storage's port is {parsed.port}; expected 1 to {2**16 - 1}")
    return parsed


def file_of(url: URL) -> str | None:
    """Return the path of a SQLite URL's file; None for a database that is not one file with a plain path."""
    name = url.database
    if url.get_backend_name() != "sqlite" or not name or name == ":memory:" or name.startswith("file:"):
        return None
    return name


def place_of(url: str) -> str:
    """Return where a database is: its file's absolute path, or its URL without secrets."""
    file = file_of(parse_url(url))
    return display_url(url) if file is None else os.path.abspath(file)


def database_exists(url: URL) -> bool:
    """Tell whether a SQLite URL's file is there; True for other databases, which only a connection could tell."""
    file = file_of(url)
    return file is None or os.path.exists(file)


def with_password(url: URL) -> str:
    """Return the URL with its password, for our own processes and connections: never print, log or store it."""
    return url.render_as_string(hide_password=False)
