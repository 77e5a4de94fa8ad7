"""Is the new checkpoint better? Paired tests between runs."""
