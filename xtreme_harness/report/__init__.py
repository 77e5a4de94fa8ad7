"""One self-contained page about finished runs: HTML, CSS and script of our own, no network, no library."""
