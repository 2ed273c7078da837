"""How programs start: soon, and without greetings."""
