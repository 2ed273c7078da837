"""What a registered model says of data in a file."""
