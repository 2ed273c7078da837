"""Objectives of Optuna's: plain functions of a trial."""
