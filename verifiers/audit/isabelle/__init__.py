"""What an accepted Isabelle proof rests on: scan, statement first, oracles and axioms by ML, and the server asked."""
