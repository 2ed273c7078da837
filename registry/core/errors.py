"""The errors that a user can cause or mend.

Each message says what came, what was expected and what to do. The command lines print them as one line.
"""


class UserError(Exception):
    """Something that the user can mend; the command line prints one line and exits with 1."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows of it in a notebook: the line alone."""
        return [f"{type(self).__name__}: {self}"]


class UsageError(UserError):
    """A wrong option value; the command line exits with 2."""


class DatabaseError(UserError):
    """The database cannot be opened, read or written."""


class DatabaseUnavailable(DatabaseError):  # noqa: N818 - a state that passes, rather than an error
    """The database does not answer now, but may later: its server restarts, or the network is cut."""


class SchemaError(DatabaseError):
    """The database's schema is older or newer than this program."""


class NotFoundError(UserError):
    """A model, version, study, metric or problem that does not exist."""


class ConflictError(UserError):
    """Something is no longer what the caller expected; nothing was changed."""


class ProtectedError(UserError):
    """A protected alias would be moved or removed."""


class IntegrityError(UserError):
    """Stored bytes are not what was stored: a hash differs or a part is missing."""


class StoreError(UserError):
    """An artifact store cannot be opened, read or written."""


class StoreUnavailable(StoreError):  # noqa: N818 - a state that passes, rather than an error
    """The artifact store does not answer now, but may later: its server restarts, or its folder is not mounted."""


class BundleError(UserError):
    """A bundle that is damaged, unknown or unsafe; nothing of it was imported after the fault."""


class ExportError(UserError):
    """A model cannot be exported, or the exported file predicts something else."""


class WriteError(UserError):
    """Keras cannot write a model to a file."""


class LoadError(UserError):
    """Keras cannot read a stored model."""


def did_you_mean(wrong: str, names: list[str]) -> str:
    """Return the end of a message that names what exists.

    Example:
        >>> did_you_mean("fmnits", ["fmnist", "toy"])
        "did you mean 'fmnist'?"
        >>> did_you_mean("x", [])
        'there are none yet'
    """
    import difflib

    if not names:
        return "there are none yet"
    near = difflib.get_close_matches(wrong, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return "there are: " + ", ".join(sorted(names)[:12]) + (", …" if len(names) > 12 else "")
