"""Goals and datatypes read from what Rocq prints under `Set Printing All`, with the audit's reader of terms.

Invariant: anything outside the fragment raises `ParseError`, nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from domain import Constructor, Datatype, Forall, Goal, Hypothesis, Term
from verifiers.audit.rocq.reader import Parser, Scope, library_parameters, parse

_CLOSED: Scope = frozenset()


class _Parser(Parser):
    def inductive(self) -> tuple[Datatype, ...]:
        if not (self.accept("Inductive") or self.accept("Variant")):
            raise self.error("'Inductive'")
        datatypes: list[Datatype] = []
        while not datatypes or self.accept("with"):
            name = self.name()
            parameters, scope = self.binders(_CLOSED) if self.word in ("(", "{", "[") else ([], _CLOSED)
            self.take(":")
            type_ = _close(parameters, self.term(scope))
            self.take(":=")
            constructors: list[Constructor] = []
            while self.word not in ("with", ""):
                constructor = self.name()
                self.take(":")
                constructors.append(Constructor(constructor, _close(parameters, self.term(scope))))
                if not self.accept("|"):
                    break
            datatypes.append(Datatype(name, type_, len(parameters), tuple(constructors)))
        return tuple(datatypes)


def _close(parameters: Sequence[tuple[str, Term]], body: Term) -> Term:
    for name, type_ in reversed(parameters):
        body = Forall(name, type_, body)
    return body


def parse_inductive(text: str, parameters: Callable[[str], int] = library_parameters) -> tuple[Datatype, ...]:
    """The datatypes of the (mutual) group that `Print` shows for any of them."""
    parser = _Parser(text.partition("\n\n")[0].strip().removesuffix("."), parameters)
    datatypes = parser.inductive()
    if parser.word:
        raise parser.error("the end")
    return datatypes


def parse_goal(
    hypotheses: Sequence[str], conclusion: str, parameters: Callable[[str], int] = library_parameters
) -> Goal:
    """A goal from its hypotheses as shown (`x y : T` or with commas, `H : T`, `x := v : T`) and its conclusion."""
    scope, found = _CLOSED, list[Hypothesis]()
    for text in hypotheses:
        parser = Parser(text, parameters)
        names = [parser.name()]
        while parser.word not in (":", ":="):
            parser.accept(",")
            names.append(parser.name())
        value = parser.open_term(scope) if parser.accept(":=") else None
        parser.take(":")
        type_ = parser.term(scope)
        if parser.word:
            raise parser.error("the end of the hypothesis")
        found += [Hypothesis(name, type_, value) for name in names]
        scope |= set(names)
    return Goal(tuple(found), parse(conclusion, scope, parameters))


_BAR = re.compile(r"^ *={5,}.*$", re.MULTILINE)
_NEXT_GOAL = re.compile(r"^(?:goal \d+|\d+ (?:focused )?(?:sub)?goals?|subgoal \d+)\b.*$", re.MULTILINE)


def parse_goals(text: str, parameters: Callable[[str], int] = library_parameters) -> tuple[Goal, ...]:
    """The goals that `Show` (or several of them) printed; a goal shown by its conclusion alone is left out."""
    goals: list[Goal] = []
    bars = list(_BAR.finditer(text))
    for index, bar in enumerate(bars):
        before = text[bars[index - 1].end() if index else 0 : bar.start()]
        after = text[bar.end() : bars[index + 1].start() if index + 1 < len(bars) else len(text)]
        end = _NEXT_GOAL.search(after)
        conclusion = (after[: end.start()] if end else after).partition("\n\n")[0]
        begin = list(_NEXT_GOAL.finditer(before))
        lines = before[begin[-1].end() if begin else 0 :].splitlines()
        hypotheses: list[str] = []
        for line in lines:
            if line.startswith("   ") and hypotheses:
                hypotheses[-1] += "\n" + line
            elif line.strip():
                hypotheses.append(line)
        goals.append(parse_goal(hypotheses, conclusion, parameters))
    return tuple(goals)
