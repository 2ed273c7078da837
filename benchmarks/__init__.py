"""Measured claims: each module prints the table that a document shows."""
