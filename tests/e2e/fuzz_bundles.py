"""Edit a real bundle in thousands of ways and import each: refused in a line, with nothing written, or whole and well.

python -m tests.e2e.fuzz_bundles --edits 10000
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.support.bundle_fuzz import fuzz, real_bundle

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--edits", type=int, default=10_000)
    with tempfile.TemporaryDirectory() as folder:
        counted = fuzz(real_bundle(Path(folder)), Path(folder), parser.parse_args().edits)
    for what, number in counted.most_common():
        sys.stdout.write(f"{number:6} {what}\n")
    sys.exit(set(counted) - {"refused", "added"} != set())
