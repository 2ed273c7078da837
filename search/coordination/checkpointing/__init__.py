"""Checkpoints of trials that run or are paused: when they are kept, and where."""
