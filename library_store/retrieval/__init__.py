"""Choosing the few lemmas that may help: by the words of statements, by proofs of what reads alike."""
