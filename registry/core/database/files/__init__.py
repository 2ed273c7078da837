"""Files of SQLite databases: those that we may not write, and those that are replaced while they are open."""
