"""A version trained again and compared with its record."""
