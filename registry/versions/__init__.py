"""Versions that are there: found, read, loaded, compared, held, displaced."""
