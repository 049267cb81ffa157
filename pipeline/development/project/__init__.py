"""A user's project and its files: what they hold, what they need, and the judgement of a filled file."""
