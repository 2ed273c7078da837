"""A program's first import; until `started` is called, modules are imported without garbage collection.

Nothing that an import makes is garbage, and collecting it takes a tenth of a short command's time. Ctrl-C ends the
program meanwhile without a word: there is nothing yet to stop in order.
"""

from __future__ import annotations

import gc
import os
import signal
from contextlib import suppress


def _leave(*_: object) -> None:
    os._exit(130)  # as `registry.core.console.INTERRUPTED`; this module imports nothing of the house


gc.disable()
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    with suppress(ValueError):  # not the main thread: Ctrl-C is not for this one
        signal.signal(signal.SIGINT, _leave)


def started() -> None:
    """Turn garbage collection on again, except for what has been imported; let Ctrl-C be heard as usual."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.freeze()
    gc.enable()
