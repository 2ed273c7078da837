"""Models, versions, weights, loss curves and the questions about them, in one database."""
