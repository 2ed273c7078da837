"""What a database driver's error means to a user, and whether waiting helps."""

from __future__ import annotations

import re
import sqlite3

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError

from registry.core.database.url import display_url, hide_secrets
from registry.core.error_text import first_line
from registry.core.errors import DatabaseError, DatabaseUnavailable, UsageError, UserError

BUSY_SECONDS = 60

# SQLSTATE classes and codes of errors that pass (PostgreSQL's documents, appendix A): connection, insufficient
# resources; canceled, shut down, cannot connect now, idle too long; a standby that reads only; serialization, deadlock,
# a lock that is not to be had.
_PASSING = ("08", "53", "57014", "57P01", "57P02", "57P03", "57P05", "25006", "25P03", "40001", "40P01", "55P03")

# A server refuses a connection with words and no SQLSTATE; these reasons do not pass.
_REFUSED = re.compile(
    r"(?i)authentication|password|does not exist|pg_hba|permission denied|not permitted|certificate|SSL|"
    r"unsupported|invalid"
)

TOO_LARGE = re.compile("too large to convert to SQLite INTEGER")  # of an OverflowError, which is no error of a driver's
_OUT_OF_RANGE = "22003"  # what PostgreSQL says of such a number


def too_large() -> UsageError:
    """Return what it means that a number does not fit into a column."""
    return UsageError(f"a number is larger than the database holds; expected {2**31 - 1} at most")


def is_passing(error: DBAPIError) -> bool:
    """Tell whether the database may answer later what it does not answer now.

    SQLite's result code or PostgreSQL's SQLSTATE decides. Without one, no server has answered: no route, no such host,
    or a server that has not started yet.
    """
    if error.connection_invalidated:
        return True
    driver = error.orig
    if isinstance(driver, sqlite3.Error):
        code = getattr(driver, "sqlite_errorcode", None) or 0
        return code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or "database is locked" in str(driver)
    state = getattr(driver, "sqlstate", None)
    if state is not None:
        return str(state).startswith(_PASSING)
    return isinstance(error, OperationalError) and not _REFUSED.search(str(driver))


def explain(error: DBAPIError, url: URL) -> UserError:
    """Return what a driver's error means to a user, without the password and the SQL."""
    first = hide_secrets(first_line(error.orig), url)
    if getattr(error.orig, "sqlstate", None) == _OUT_OF_RANGE:
        return too_large()
    kind = DatabaseUnavailable if is_passing(error) else DatabaseError
    if "unable to open" in first:
        hint = "check that its folder exists and that you may write there"
    elif "readonly" in first or "read-only" in first:
        hint = "it is read-only: give yourself the right to write, or name a copy with --storage URL"
    elif "disk is full" in first or "No space left" in first:
        hint = "the disk is full: free some room and run the same command again, it continues"
    elif "disk I/O error" in first:
        hint = "its disk fails, or is full or gone: see to it and run the same command again, it continues"
    elif "malformed" in first:
        hint = "its disk fails, or the file is damaged: then bring it back from a copy, as `registry backup` makes them"
    elif "not a database" in first:
        hint = "the file is something else: name another with --storage URL"
    elif "locked" in first:
        hint = f"another program has held it for {BUSY_SECONDS} seconds"
    elif getattr(error.orig, "sqlstate", None) == "42501":
        hint = "your role may not do that: whoever owns the tables grants rights, see `registry grants`"
    elif "no such table" in first or "does not exist" in first:
        hint = "it holds no studies yet: start one with `search run`, or name another with --storage URL"
    else:
        hint = "check the URL and that the server runs"
    return kind(f"the database {display_url(url)} answered: {first}; {hint}")
