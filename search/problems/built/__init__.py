"""What a built model can do: report its objective's metric, be written to a file."""
