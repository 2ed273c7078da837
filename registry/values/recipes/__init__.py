"""What made a version, and what came out of making it again."""
