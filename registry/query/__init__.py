"""Filters over versions: a small language, its tree, its SQL, and pages of what it finds.

``language`` reads text into a tree; ``registry.fields`` builds the same tree in Python; ``names`` holds it
against what the database knows; ``compile`` makes it bound SQL; ``paging`` sorts and cuts into pages.
"""
