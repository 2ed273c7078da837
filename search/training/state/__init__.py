"""A training's state between two epochs: taken from the model as it runs, put back when it is there again."""
