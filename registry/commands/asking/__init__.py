"""Commands that ask what versions there are, which is best, and how they differ."""
