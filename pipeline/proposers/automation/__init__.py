"""The prover's own automation as a proposer: which scripts are tried for a statement, with which lemmas."""
