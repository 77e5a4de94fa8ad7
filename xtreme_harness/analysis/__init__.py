"""What finished runs say: reading them, and the statistics behind comparisons and reports."""
