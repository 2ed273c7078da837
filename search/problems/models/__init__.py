"""What is checked of the models that a problem builds."""
