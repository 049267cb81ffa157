"""All that a verdict `accepted` rests on: the sandbox, the cache of verdicts, and each prover's audit."""
