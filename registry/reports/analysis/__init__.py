"""What follows from the facts: noise, over- and underfitting, groups."""
