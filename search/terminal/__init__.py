"""What a search shows on a terminal."""
