"""An example of every command, with which its help ends."""

EXAMPLES = {
    "data": "fmnist data",
    "explore": "fmnist explore --out fashion-mnist.png",
    "baselines": "fmnist baselines",
    "predict": "fmnist predict picture.png",
    "pictures": "fmnist pictures",
    "reference": "fmnist reference --out reference.db",
}
