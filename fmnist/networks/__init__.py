"""Networks to search."""
