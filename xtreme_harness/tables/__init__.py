"""Text in the forms of tables: LaTeX, markdown."""
