"""A user's own development: its holes, attempts to fill them, and the patch that does."""
