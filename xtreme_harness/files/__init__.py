"""What is written and read: text, YAML, output folders and their locks."""
