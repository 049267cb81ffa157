"""Rocq's keywords: no name that is written for a user may be one of them."""

from __future__ import annotations

KEYWORDS = frozenset(
    {
        *("Axiom", "CoFixpoint", "Definition", "Fixpoint", "Hypothesis", "IF", "Parameter", "Prop", "SProp", "Set"),
        *("Theorem", "Type", "Variable", "as", "at", "by", "cofix", "do", "else", "end", "exists", "exists2", "fix"),
        *("for", "forall", "fun", "if", "in", "lazymatch", "let", "match", "multimatch", "return", "then", "using"),
        *("where", "with"),
    }
)
"""Words that Rocq's grammar takes from identifiers, in terms or in tactics; TIP's translator has the same."""
