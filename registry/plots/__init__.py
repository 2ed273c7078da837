"""Curves as pictures."""
