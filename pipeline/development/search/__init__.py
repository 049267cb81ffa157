"""The search for a proof of one hole."""
