"""What a run found: built, written and read."""
