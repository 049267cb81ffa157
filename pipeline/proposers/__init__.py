"""Who proposes statements and proofs: prover automation, conjectures, and the language model.

A proposer is a pure function from what a step knows to statements or scripts. `pipeline.loop.evolve` asks for
statements (`conjecture.exploration` is the one to read first), `pipeline.loop.prove` for scripts. Nothing that comes
from here is believed: the loop tests, proves and audits it.
"""
