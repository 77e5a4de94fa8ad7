"""What intermediate training gains: tidy rows, their summary over seeds, tables."""
