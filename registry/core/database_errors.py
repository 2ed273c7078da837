"""What a database driver's error means to a user."""

from __future__ import annotations

import re

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from registry.core.database_url import display_url
from registry.core.errors import DatabaseError, DatabaseUnavailable, UserError

BUSY_SECONDS = 60


# What a driver says while a server restarts or cannot be reached, or where it has undone one of two transactions.
_AWAY = re.compile(
    r"refused|starting up|shutting down|not (yet )?accepting connections|recovery mode|too many clients|"
    r"closed the connection|terminating connection|connection is (closed|lost)|"
    r"timeout|timed out|unreachable|no route|reset by peer|broken pipe|"
    r"could not (receive|send)|consuming input failed|No such file or directory|database is locked|deadlock detected",
    re.IGNORECASE,
)


def explain(error: DBAPIError, url: URL) -> UserError:
    """Return what a driver's error means to a user, without the password and the SQL."""
    first = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
    where = display_url(url)
    kind = DatabaseUnavailable if error.connection_invalidated or _AWAY.search(str(error.orig)) else DatabaseError
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
    elif "no such table" in first or "does not exist" in first:
        hint = "it holds no studies yet: start one with `search run`, or name another with --storage URL"
    else:
        hint = "check the URL and that the server runs"
    return kind(f"the database {where} answered: {first}; {hint}")
