"""Choosing the few lemmas that may help: by the words of statements, by vectors, by proofs of what reads alike."""
