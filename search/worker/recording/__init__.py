"""What a trained model becomes: its bytes, the check of its predictions, a version."""
