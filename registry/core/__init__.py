"""Common ground: errors, database, transactions, console. Imports nothing of the other rooms."""
