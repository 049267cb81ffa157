"""Tons of Inductive Problems: its SMT-LIB dialect, read, typed, translated to Rocq, and interpreted.

* reading: `sexpr`, `syntax`, `parse`, `declarations`
* types: `typed`, `unification`, `operators`, `inference`
* how functions recur: `descent`, `sizes`, `recursion`; with bounds on their results, `instances`, `symbolic`, `linear`,
  `sampling`, `known_sizes`, `bounds`, and `spending` as a net below
* Rocq's text: `names`, `identifiers`, `rocq_text`, `functions`, `render`, `equality`, `size_sentences`, `definitions`,
  `rocq`; the equations of functions with their proofs: `unfolding`, `measured`, `bound_proofs`, `bound_claims`
* for solvers: `smtlib`, `smtlib_sorts`
* the values of functions: `interpreter`, which also checks the translation (`tests/datasets/agreement.py`)

The interpreter works on the untyped syntax tree and shares nothing with the translation but the reader, so that each
checks the other.
"""
