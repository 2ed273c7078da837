"""Find Fashion-MNIST's files: in a named folder, in Keras' cache, in Debian's package, or by download."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from fmnist.dataset.idx import FASHION_MNIST, locate
from fmnist.errors import DataNotFoundError

DATA_DIR_VARIABLE = "FMNIST_DATA_DIR"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
DOWNLOAD_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
DOWNLOAD_SILENCE_SECONDS = 15
CONNECT_SECONDS = 10

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """A folder with the files.

    Args:
        folder: where they lie, gzipped or plain.
        origin: who put them there, in a few words for people.
        remedy: what to do about a damaged file there.
    """

    folder: Path
    origin: str
    remedy: str


def explicit_source(data_dir: Path | None, environ: Mapping[str, str] = os.environ) -> Source | None:
    """Return the folder that the user names, by option or else by ``FMNIST_DATA_DIR``, or None.

    Nothing is checked: a folder that is named is used or fails.
    """
    origin = "--data-dir"
    if data_dir is None:
        named = environ.get(DATA_DIR_VARIABLE)
        if not named:
            return None
        data_dir, origin = Path(named), DATA_DIR_VARIABLE
    return Source(data_dir.expanduser(), origin, f"put the original file there, or name another folder with {origin}")


def keras_cache(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder in which Keras keeps the data set."""
    home = environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras").expanduser() / "datasets" / "fashion-mnist"


def find_source(
    *,
    environ: Mapping[str, str] = os.environ,
    debian: Path = DEBIAN_FOLDER,
    names: Iterable[str] = FASHION_MNIST,
    download: Callable[[], Path] | None = None,
) -> Source:
    """Return the first known folder that has all files, or download them.

    Args:
        environ: the environment, for ``KERAS_HOME``.
        debian: where Debian's package dataset-fashion-mnist puts the files.
        names: of the files, without ``.gz``.
        download: returns the folder that it downloaded to; None never downloads.

    Raises:
        DataNotFoundError: they are nowhere, and could not be downloaded.
    """
    keras = Source(keras_cache(environ), "Keras' cache", "delete it and run the same command again")
    package = Source(debian, "Debian's package", "run `apt-get install --reinstall dataset-fashion-mnist`")
    for source in (keras, package):
        if all(locate(source.folder, name) for name in names):
            return source
    reason = "nothing was downloaded"
    if download is not None:
        try:
            return Source(download(), "Keras' download", keras.remedy)
        except Exception as error:  # Keras raises a bare Exception for a host that does not answer.
            reason = f"the download failed: {' '.join(str(error).split()) or type(error).__name__}"
    raise DataNotFoundError(
        f"Fashion-MNIST is neither in {keras.folder} nor in {package.folder}, and {reason}; run `make data`, "
        "install Debian's package dataset-fashion-mnist, or name a folder with --data-dir or "
        f"{DATA_DIR_VARIABLE}"
    )


def keras_download() -> Path:
    """Download the files as ``keras.datasets.fashion_mnist`` does, and return their folder.

    A host that does not answer in 10 seconds, or says nothing for 15, ends it, so that a machine that cannot reach
    it does not hang. Keras' progress bar goes to the standard error.

    Raises:
        OSError: the host does not answer.
        Exception: Keras could not download a file.
    """
    require_host(DOWNLOAD_URL)
    import keras

    logger.info("downloading Fashion-MNIST from %s", DOWNLOAD_URL)
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_SILENCE_SECONDS)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            paths = [
                keras.utils.get_file(f"{name}.gz", DOWNLOAD_URL + f"{name}.gz", cache_subdir="datasets/fashion-mnist")
                for name in FASHION_MNIST
            ]
    finally:
        socket.setdefaulttimeout(before)
    return Path(paths[0]).parent


def require_host(
    url: str,
    *,
    seconds: float = CONNECT_SECONDS,
    connect: Callable[..., socket.socket] = socket.create_connection,
) -> None:
    """Return once the URL's host takes a connection, all its addresses tried; behind a proxy, at once.

    Name lookup and each address have time limits of their own, which add up to minutes; ``seconds`` limits them all.

    Raises:
        OSError: it does not in this time.
    """
    target = urlsplit(url)
    host, port = target.hostname or "", target.port or {"https": 443, "http": 80}[target.scheme]
    if target.scheme in getproxies() and not proxy_bypass(host):
        return
    answers: queue.Queue[OSError | None] = queue.Queue()

    def ask() -> None:
        try:
            connect((host, port), timeout=seconds).close()
            answers.put(None)
        except OSError as error:
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"{host} did not answer in {seconds:g} seconds") from None
    if error is not None:
        raise OSError(f"{host} cannot be reached: {error.strerror or error}")
