"""Objectives of Optuna's behind the protocol Training: the trial that they are given, and what they keep."""
