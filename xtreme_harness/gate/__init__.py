"""A regression check: rules that a new checkpoint must keep against an old one."""
