"""Params of single trials, written down instead of sampled."""
