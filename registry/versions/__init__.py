"""Existing versions: found, read, loaded, compared, held, displaced."""
