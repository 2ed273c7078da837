"""Commands for those who watch over the models of others: hooks, requests, grants."""
