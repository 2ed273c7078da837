"""Parts of a training step by fewer and cheaper operations than Keras', on CPUs; what they compute stays the same."""
