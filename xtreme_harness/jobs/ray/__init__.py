"""The executor of a Ray cluster: a task a job, and all that can begin at once."""
