"""The stores of artifacts: their contract, their URLs, and one class for each kind."""
