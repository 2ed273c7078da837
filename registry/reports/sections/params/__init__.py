"""What the params did: pictures and tables by trials that may be compared."""
