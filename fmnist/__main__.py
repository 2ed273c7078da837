"""Run the ``fmnist`` program: ``python -m fmnist``, and what is on the path once installed."""

from registry.core.starting import fast_start

# isort: split
from fmnist.cli import main

fast_start.started()

if __name__ == "__main__":
    main()
