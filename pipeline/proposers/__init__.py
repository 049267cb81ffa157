"""Where statements and proofs come from: prover automation, generalised goals, exploration and the language model."""
