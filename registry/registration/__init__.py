"""A version on its way in: what was given, checked, then inserted with its bytes, and what it displaces."""
