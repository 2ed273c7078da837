"""How fast a study goes, and what the rest of its budget would bring."""
