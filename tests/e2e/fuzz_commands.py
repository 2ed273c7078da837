"""Run random command lines: each answers, or says in a line what is wrong with it.

python -m tests.e2e.fuzz_commands --lines 20000
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.support.command_lines import fuzz

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=20_000)
    with tempfile.TemporaryDirectory() as folder:
        counted = fuzz(Path(folder), parser.parse_args().lines)
    for what, number in counted.most_common():
        sys.stdout.write(f"{number:6} {what!s:.2000}\n")
    sys.exit(any(what.startswith("WRONG") for what in counted))
