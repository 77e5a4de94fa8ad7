"""The executor of a cluster under Slurm: everything is submitted at once, and goes on without this process."""
