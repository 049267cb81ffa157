"""The HTML report of a run: `gather` counts, `figures` draws, `page` writes one self-contained file."""
