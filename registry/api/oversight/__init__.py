"""What lets several people watch over models: hooks, and requests to move an alias."""
