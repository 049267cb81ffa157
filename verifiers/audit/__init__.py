"""All that a verdict `accepted` rests on, and nothing else. It imports the domain, the algebra of terms and itself.

Begin with `judge.py` in the folder of a prover, which is what a verifier asks. It hands candidates to an auditor, which
runs the layers of docs/trust.md one after the other, and whole libraries to `recheck`; `rocq/development.py` judges
a user's own files. Shared are the box in which provers run (`sandbox`, `bubblewrap`, `watch`, `scratch`), what is kept
(`cache` for verdicts, `kept` for compiled headers), and how a layer says no (`refusals`).

A test holds what these files import, and that docs/trust.md lists them with their lines.
"""
