"""Keras files: writing, loading, and the predictions that a loaded model is held to."""
