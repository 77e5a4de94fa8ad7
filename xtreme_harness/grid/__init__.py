"""The grid of intermediate training: bases, intermediate tasks, targets, seeds."""
