"""What an accepted Lean proof rests on: lint, statement first, axioms, the kernel again, recheck."""
