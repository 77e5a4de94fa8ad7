"""Data: files and Hub datasets to splits of examples."""
