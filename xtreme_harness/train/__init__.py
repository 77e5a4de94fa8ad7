"""Training: recipes, mixtures of tasks, the one loop, checkpoints with their lineage."""
