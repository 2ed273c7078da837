"""The language of filters: its text, its tree, and the same tree built in Python."""
