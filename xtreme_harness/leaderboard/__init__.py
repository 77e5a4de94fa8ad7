"""Published rows and boards of them."""
