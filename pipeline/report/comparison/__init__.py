"""Comparing runs: `measures` reads one, `contrasts` sets arms against each other, `page` and `files` write it down."""
