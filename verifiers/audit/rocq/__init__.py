"""What an accepted Rocq proof rests on: lint, statement first, coqchk, axioms, recursion, one file, recheck."""
