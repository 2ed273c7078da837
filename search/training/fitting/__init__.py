"""Keras' own ``fit`` under our monitor, called by a HyperModel as often and on as many models as it likes."""
