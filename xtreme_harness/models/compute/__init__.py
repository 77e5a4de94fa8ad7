"""The forward engine, padded and without padding, shared with training."""
