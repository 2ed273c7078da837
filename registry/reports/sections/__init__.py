"""What a report says and draws, a section a file."""
