"""Commands that ask which versions are the best."""
