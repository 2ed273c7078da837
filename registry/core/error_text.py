"""The texts of errors, made fit for a line, a log and any database, whatever the error is."""

from __future__ import annotations

import os
import re
import sysconfig
import traceback
from pathlib import Path

LONGEST = 300  # characters of one line
MOST = 20_000  # characters of a traceback
COLOURS = re.compile(r"\x1b\[[\d;]*m")  # with which Keras prints parts of its errors bold
PLACES = r'Graph execution error:|^\s*(?:Detected at node|<stack traces|File "|\[\[[{\w]).*'  # in TensorFlow's graph
MODULE = re.compile(r"^(?:\w+\.)+(?=\w+(?::|$))")  # before the name of an exception in a traceback
TRACE = re.compile(r"(?:\s*\+ Exception Group )?Traceback \(most recent call last\)")
GROUP = re.compile(r"^ *(?:\| ?|\+-[-+ \d]*$)")  # which frames the exceptions of a group
NOISE = re.compile(f"{COLOURS.pattern}|{PLACES}", re.MULTILINE)  # which fills a line before the cause comes

OURS = (f"{Path(__file__).parents[2] / name}{os.sep}" for name in ("registry", "search"))
LIBRARIES = (f"{sysconfig.get_path('stdlib')}{os.sep}", *OURS)


def one_line(error: BaseException) -> str:
    r"""Return an error's type and text in one line of bounded length.

    Example:
        >>> one_line(ValueError("a file called \udcff"))
        'ValueError: a file called \\udcff'
    """
    try:
        text = " ".join(NOISE.sub("", storable(str(error))).split())
    except Exception:  # its own __str__ fails
        text = "(its text cannot be shown)"
    name = storable(type(error).__name__)
    return f"{name}: {text[:LONGEST]}" if text else name


def placed_line(error: BaseException) -> str:
    """Return the same of an error of users' code, with the line there that failed: the last that is no library's."""
    places = [
        f" ({Path(frame.filename).name}, line {frame.lineno})"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_file()
        and not frame.filename.startswith(LIBRARIES)
        and not {"site-packages", "dist-packages"} & {*Path(frame.filename).parts}
    ]
    return one_line(error) + ("" if isinstance(error, SyntaxError) else "".join(places[-1:]))


def first_sentence(error: BaseException) -> str:
    """Return an error's type and the first sentence of its text."""
    return one_line(error).partition(". ")[0].removesuffix(".")


def whole_traceback(error: BaseException) -> str:
    """Return an error's traceback as text; the middle of a very long one is left out."""
    try:
        text = "".join(traceback.format_exception(error))
    except Exception:  # what the error refers to fails
        text = one_line(error)
    return shortened(COLOURS.sub("", storable(text)), MOST)


def storable(text: str) -> str:
    r"""Return a text that any database and any file takes: NUL and lone surrogates are written as ``\x00``, ``\udcff``.

    Example:
        >>> storable("plain")
        'plain'
    """
    return text.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode("utf-8")


def shortened(text: str, most: int) -> str:
    """Return a text of bounded length: its beginning and its end."""
    if len(text) <= most:
        return text
    half = (most - 40) // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters …\n{text[-half:]}"


def error_line(error: str | None, most: int = LONGEST) -> str:
    r"""Return in one line what a stored error says: of a traceback the exception and its text, else the last line.

    Of a group of exceptions it is the group, and each in it.

    Example:
        >>> error_line("Traceback (most recent call last):\n  File ...\nmine.ModelError: bad\n  value\n")
        'ModelError: bad value'
    """
    lines = (error or "").strip().splitlines()
    traces = [number for number, line in enumerate(lines) if TRACE.match(line)]
    after = lines[traces[-1] + 1 :] if traces else []
    if traces and "+" in lines[traces[-1]]:  # a group, of which each exception's text is told, without its places
        after = [
            text for text in (GROUP.sub("", line) for line in after) if text[:1].strip() and not TRACE.search(text)
        ]
    message = next((after[number:] for number, line in enumerate(after) if line[:1].strip()), lines[-1:])
    text = " ".join(NOISE.sub("", "\n".join(message)).split())
    return (MODULE.sub("", text) if traces else text)[:most]


def first_line(error: object) -> str:
    """Return the first line of an error's text, or its type where it has none."""
    return (NOISE.sub("", storable(str(error))).strip().splitlines() or [type(error).__name__])[0]


def describe_failure(reason: str, error: str | None) -> str:
    """Return in one line why a trial failed: its stop reason, and what its error says."""
    return f"{reason}: {text}" if (text := error_line(error, 200)) else reason
