"""Training one model, epoch by epoch; knows nothing of studies, samplers or databases."""
