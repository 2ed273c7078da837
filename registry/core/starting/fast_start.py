"""A program's first import; until `started` is called, modules are imported without garbage collection.

Nothing that an import makes is garbage, and collecting it takes a tenth of a short command's time. Ctrl-C ends the
program without a word but while `registry.core.console.run` runs: there is nothing to stop in order.
"""

from __future__ import annotations

import gc
import signal
from contextlib import suppress

from registry.core.starting.interrupts import leave

gc.disable()
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    with suppress(ValueError):  # not the main thread: Ctrl-C is not for this one
        signal.signal(signal.SIGINT, leave)


def started() -> None:
    """Turn garbage collection on again, except for what has been imported."""
    gc.freeze()
    gc.enable()
