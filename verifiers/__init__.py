"""Is this candidate a proof of exactly this statement? One package per prover behind `protocol.Verifier`."""
