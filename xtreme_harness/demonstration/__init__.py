"""Everything at once with a tiny encoder, offline."""
