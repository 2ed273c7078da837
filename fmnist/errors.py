"""The errors of finding, checking and keeping the data."""

from registry.core.errors import IntegrityError, NotFoundError, UserError


class DataNotFoundError(NotFoundError):
    """Fashion-MNIST is in none of the places that were searched."""


class DamagedFileError(IntegrityError):
    """A file does not hold Fashion-MNIST's bytes; it is never used."""


class CacheError(UserError):
    """The folder that keeps the decompressed arrays cannot be read or written."""


class ImageError(UserError):
    """A file is no picture, or nothing is on it."""
