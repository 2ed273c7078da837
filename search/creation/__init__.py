"""A study begins, or goes on: with what it may ask for, its rows, its budget and its problem."""
