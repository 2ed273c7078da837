"""Test data for problems that tests write: who asks for them is counted."""

# Python text that a problem begins with; each call of load_test adds a line to the file "asked" beside it.
LOAD_TEST = """
from dataclasses import replace
from pathlib import Path

import numpy as np

from search.toy import FEATURES, toy

asked = Path(__file__).with_name("asked")

def load_test():
    with asked.open("a") as file:
        file.write("once\\n")
    x = np.random.default_rng(1).normal(size=(300, FEATURES)).astype(np.float32)
    return x, (x.sum(axis=1) > 0).astype(np.float32)[:, None]
"""
