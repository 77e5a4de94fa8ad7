"""The executor of this machine: in this process, or in workers, each with its GPU or its share of the cores."""
