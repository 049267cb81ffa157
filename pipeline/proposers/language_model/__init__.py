"""The language model as a proposer: what prompts show, and how answers are read."""
