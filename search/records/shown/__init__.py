"""A study as people look at it: as a table, and while it runs."""
