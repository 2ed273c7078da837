"""Filters over versions: a small language, its tree, its SQL, and pages of what it finds.

``language`` reads text into a tree; ``registry.fields`` builds the same tree in Python; ``names`` checks its
names against the database; ``compile`` makes it bound SQL; ``paging`` sorts and cuts into pages.
"""
