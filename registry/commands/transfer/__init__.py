"""Commands that bring versions from one registry, or tracker, to another."""
