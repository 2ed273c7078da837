"""The fast path: data that stay on the device, epochs in a few calls, and how the validation data are measured."""
