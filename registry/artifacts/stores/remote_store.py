"""Artifacts behind any fsspec URL: S3, Google Cloud, SFTP, memory and others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from registry.artifacts.stores.contract import Held, MissingError, as_held, object_name, pieces_of, unfinished_name
from registry.artifacts.stores.urls import display
from registry.core.error_text import first_line
from registry.core.errors import StoreError, StoreUnavailable

# What waiting does not help against: no bucket, no right, no keys, a URL or an option that cannot be.
_LASTING = (FileNotFoundError, PermissionError, ImportError, ValueError, TypeError, LookupError, NotImplementedError)
_LASTING_NAMES = ("NoCredentialsError", "PartialCredentialsError")

# s3fs tries again by itself; botocore below it would do so five times for each, half a minute in all.
_NO_RETRIES = {"config_kwargs": {"retries": {"max_attempts": 0}}}


class RemoteStore:
    """Objects below one fsspec URL.

    Args:
        url: such as ``s3://bucket/models``; keys and endpoints come from the environment, never from here.

    Raises:
        StoreError: no package on this machine knows the URL's protocol.
    """

    def __init__(self, url: str) -> None:
        self.url: str | None = url
        self._files, self._root = _open(url)

    def prepare(self) -> None:
        """Store a small file as any other, and remove it; uploads make what folders there are."""
        name = unfinished_name()
        self._upload(name, [b"x"])
        self.remove(name)

    def put(self, sha256: str, pieces: Iterable[bytes]) -> None:
        """Store the bytes under their hash."""
        self._upload(object_name(sha256), pieces)

    def _upload(self, name: str, pieces: Iterable[bytes]) -> None:
        """Upload under another name, then move: not every fsspec file system shows only whole files."""
        temporary, final = self._path(unfinished_name()), self._path(name)
        try:
            with self._explained():
                for path in (temporary, final):
                    self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
                with self._files.open(temporary, "wb") as file:
                    for piece in pieces:
                        file.write(piece)
                self._files.mv(temporary, final)
        except BaseException:
            with suppress(Exception):
                self._files.rm_file(temporary)
            raise

    def read(self, sha256: str) -> Iterator[bytes]:
        """Yield the object's bytes."""
        with self._explained():
            try:
                file = self._files.open(self._path(object_name(sha256)), "rb")
            except FileNotFoundError:
                raise MissingError(sha256) from None
        yield from pieces_of(file, self._explained)

    def size(self, sha256: str) -> int | None:
        """Return the object's size."""
        with self._explained():
            try:
                return int(self._files.info(self._path(object_name(sha256)))["size"])
            except FileNotFoundError:
                return None

    def delete(self, sha256: str) -> None:
        """Delete the object."""
        self.remove(object_name(sha256))

    def held(self) -> Iterator[Held]:
        """Yield the objects by name."""
        with self._explained():
            infos = self._files.find(self._root, detail=True)
        for path in sorted(infos):
            held = as_held(path.removeprefix(self._root).lstrip("/"), int(infos[path]["size"] or 0))
            if held:
                yield held

    def modified(self, name: str) -> datetime | None:
        """Return when the object was written."""
        with self._explained():
            try:
                moment: datetime = self._files.modified(self._path(name))
            except FileNotFoundError:
                return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def remove(self, name: str) -> None:
        """Remove the object."""
        with self._explained(), suppress(FileNotFoundError):
            self._files.rm_file(self._path(name))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn the exceptions of a file system's packages, which each have their own, into one line."""
        from registry.core.errors import UserError

        try:
            yield
        except (MissingError, UserError):
            raise
        except Exception as error:
            type(self._files).clear_instance_cache()  # its connections may be dead, and are not to be used again
            raise _failed(self.url, error) from error


def _open(url: str) -> tuple[Any, str]:
    import fsspec

    try:
        options = _NO_RETRIES if url.startswith("s3://") else {}
        files, root = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)
    except (ImportError, ValueError) as error:
        advice = "pip install 'studies[s3]'" if url.startswith("s3://") else "check the URL, and install what it needs"
        raise StoreError(f"the artifact store {display(url)} cannot be opened: {error}; {advice}") from error
    except Exception as error:
        raise _failed(url, error) from error
    return files, root.rstrip("/")


def _failed(url: str | None, error: Exception) -> StoreError:
    lasting = isinstance(error, _LASTING) or type(error).__name__ in _LASTING_NAMES
    return (StoreError if lasting else StoreUnavailable)(
        f"the artifact store {display(url)} answered: {first_line(error)}; "
        "check the URL, that its server can be reached, and its keys in the environment"
    )
