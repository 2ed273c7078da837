"""Commands for those who come with something: a table, trials of another program, or nothing yet."""
