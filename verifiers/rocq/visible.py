"""The statements of the libraries that a header imports: what the prover's own `Search` lists there, read once.

Invariant: names are offered and never trusted. A proof that mentions one is checked and audited like any other, under
the header that was listed.
"""

from __future__ import annotations

import re

from domain import App, Const, Forall, Sort, Term
from verifiers.audit.rocq.processes import WIDE
from verifiers.audit.rocq.sentences import normal_text, split
from verifiers.audit.sandbox import Finished
from verifiers.audit.words import ParseError
from verifiers.protocol import Visible
from verifiers.rocq.headers import SCOPE
from verifiers.rocq.terms import parse_typed

_ENTRY = re.compile(r"([^\W\d][\w'.]*): (.*)", re.DOTALL)


def listing(header: str) -> str:
    """The header without what only changes how a text is read: headers with equal listings see the same statements."""
    sentences = dict.fromkeys(normal_text(sentence.text) for sentence in split(header))
    return "\n".join([text for text in sentences if not SCOPE.match(text)])


def question(header: str, mark: str) -> str:
    """A file that lists every constant with nothing implicit, behind a mark."""
    return "\n".join([header, WIDE, "Set Printing All.", f'Goal True. idtac "{mark}". Abort.', "Search _.", ""])


def read(finished: Finished, mark: str, known: dict[str, Term]) -> tuple[Visible, ...]:
    """The propositions among what was listed, in the prover's order; those of a form that is not modelled left out.

    Of several with one statement the shortest name is kept. `known` keeps what was read of each text for other headers.
    """
    _, marked, listed = finished.output.partition(f"{mark}\n")
    if not finished.ok or not marked:
        return ()
    terms: dict[str, Term] = {}
    for entry in re.split(r"\n(?=\S)", listed.strip("\n")):  # what a type goes on with stands in indented lines
        found = _ENTRY.fullmatch(entry)
        if found is None:
            continue
        name, type_ = found.groups()
        if type_ not in known:
            try:
                known[type_] = parse_typed(f"{name}\n     : {type_}").type
            except ParseError:
                continue
        terms[name] = known[type_]
    predicates = {name for name, term in terms.items() if _conclusion(term) == Sort("Prop")}
    stated: dict[Term, str] = {}
    for name, term in terms.items():
        top = _conclusion(term)
        head = top.function if isinstance(top, App) else top
        if isinstance(head, Const) and head.name in predicates:
            other = stated.get(term)
            if other is None or (len(name), name) < (len(other), other):
                stated[term] = name
    return tuple(Visible(name, term) for term, name in stated.items())


def _conclusion(term: Term) -> Term:
    while isinstance(term, Forall):
        term = term.body
    return term
