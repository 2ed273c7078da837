"""Okabe and Ito's colours, which colour-blind people tell apart (jfly.uni-koeln.de/color), and one more."""

from __future__ import annotations

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#A0522D")
