"""Train a registered version again, from its record."""
