"""Run the ``fmnist`` program as ``python -m fmnist``."""

from fmnist.cli import main

if __name__ == "__main__":
    main()
