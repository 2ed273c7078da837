"""Aliases, promotion, tags and the events that tell of them."""
