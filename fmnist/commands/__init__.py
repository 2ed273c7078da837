"""The commands of the ``fmnist`` program, one module a topic."""
