"""Tables in files, and the numbers in them."""
