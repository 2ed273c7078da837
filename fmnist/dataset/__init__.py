"""Fashion-MNIST: its files, its arrays, its summary."""
