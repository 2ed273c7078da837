"""Other programs that keep experiments."""
