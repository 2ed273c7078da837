"""What the database says, as frozen values."""
