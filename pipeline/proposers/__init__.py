"""Where statements and proofs come from: prover automation, goal surgery, exploration and the language model."""
