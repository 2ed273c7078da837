"""Shared by all rooms: errors, database, transactions, console. Imports nothing from the other rooms."""
