"""Training: lessons, the loop, stages."""
