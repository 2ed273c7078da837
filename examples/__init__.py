"""Problems to learn from and to start your own with."""
