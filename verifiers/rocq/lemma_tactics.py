"""Lemmas as tactics: how the search of a proof script rewrites, applies and closes with given lemmas.

Invariant: what is written names only the given lemmas, the definitions of the theory and the tactics of
`tactics.v`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from domain import App, Const, Forall, Lemma, Term
from term_algebra import constants, free_variables, has_fix, subterms
from term_algebra.ordering import Rule, directions, is_associativity
from term_algebra.recursion import inner_recursion, structural_index
from term_algebra.standard import BOOL
from term_algebra.theory import Binder, OpenStatement, Theory, as_equation, head_name, pi_binders
from verifiers.rocq.ltac import (
    binary_pattern,
    commute,
    first,
    forward,
    hole_pattern,
    instance,
    one_of,
    permute,
    rewrite,
)

INSTANCES = 8
"""Instances of lemmas that one script tries."""


@dataclass(frozen=True)
class LemmaTactics:
    """Writes the tactics for one theory; `rule` says how a lemma is used."""

    theory: Theory
    rule: Callable[[Lemma], Rule]

    def normaliser(self, lemmas: Sequence[Lemma]) -> str:
        rewrites, in_hypothesis = self.rewrites(lemmas, ""), self.rewrites(lemmas, " in H")
        return f"lm_norm ltac:(fun _ => {rewrites}) ltac:(fun H => {in_hypothesis})"

    def closures(self, opened: OpenStatement, lemmas: Sequence[Lemma]) -> str:
        rules = [(lemma, self.rule(lemma)) for lemma in lemmas]
        applied = [(lemma, rule) for lemma, rule in rules if len(rule.statement.hypotheses) in (1, 2)]
        steps = [forward(lemma, rule) for lemma, rule in applied if rule.kind == "forward"]
        facts = [lemma.canonical_name for lemma, rule in rules if rule.kind in ("fact", "forward", "commutative")]
        finish = f"eauto 4 using {', '.join(facts)}" if facts else "fail"
        parts = [
            f"(fun _ => {self.rewrites(lemmas, '', tested=any(map(_is_test, opened.hypotheses)))})",
            f"(fun H => {self.rewrites(lemmas, ' in H')})",
            f"(fun _ => {first(steps)})",
            f"(fun _ => {finish})",
            f"(fun _ => {first(self._permutations(rules))})",
        ]
        return " ".join([*(f"ltac:{part}" for part in parts), self._unfolder(opened, lemmas)])

    def facts(self, lemmas: Sequence[Lemma]) -> str:
        """What follows from known facts by laws under one or two premises, such as those of an order."""
        laws = [lemma for lemma in lemmas if self.is_law(lemma)]
        return first([forward(lemma, self.rule(lemma)) for lemma in laws])

    def is_law(self, lemma: Lemma) -> bool:
        """Whether a lemma has one or two premises and speaks of no constructor but those of the booleans."""
        built = constants(lemma.term) & self.theory.constructors.keys()
        simple = all(self.theory.constructors[name].datatype.name == BOOL.name for name in built)
        return simple and len(self.rule(lemma).statement.hypotheses) in (1, 2)

    def _unfolder(self, opened: OpenStatement, lemmas: Sequence[Lemma]) -> str:
        """Unfolds the functions without recursion that the statement or a lemma mentions."""
        mentioned = constants(opened.conclusion).union(*(constants(binder.type) for binder in opened.binders))
        mentioned = mentioned.union(*(constants(lemma.term) for lemma in lemmas))
        plain = [
            name
            for name in sorted(mentioned)
            if name in self.theory.functions and not has_fix(self.theory.functions[name].body)
        ]
        unfold = f"progress unfold {', '.join(plain)} in *" if plain else "fail"
        choices, stuck = self._choices(lemmas), one_of(self._stuck_calls(opened))
        return f"ltac:(fun _ => {unfold}) ltac:(fun _ => {choices}) ltac:(fun _ => {stuck})"

    def _stuck_calls(self, opened: OpenStatement) -> list[str]:
        """Splits what a call is stuck on: where a match looks at the call, then in any call; variables, then calls.

        A match on a call that answers yes or no is left to the split on the answer.
        """
        reached = self.theory.reached(opened.conclusion).union(
            *(self.theory.reached(b.type) for b in opened.hypotheses)
        )
        looked_at: list[str] = []
        anywhere: list[str] = []
        for name in sorted(reached & self.theory.functions.keys()):
            index = structural_index(self.theory, name)
            if index is None:
                continue
            binders = list(pi_binders(self.theory.functions[name].type))
            result = self.theory.functions[name].type
            while isinstance(result, Forall):
                result = result.body
            datatype = self.theory.datatype_of(result)
            inner = inner_recursion(self.theory, name)
            for decisive in (index,) if inner is None else (index, inner[1]):
                call = " ".join([f"@{name}", *("?v" if i == decisive else "_" for i in range(len(binders)))])
                if datatype is not None and self.theory.is_recursive(datatype):
                    looked_at.append(f"context [match {call} with _ => _ end]")
                anywhere.append(f"context [{call}]")
        splits: list[str] = []
        for places, split in ((looked_at, "is_var v; destruct v"), (anywhere, "lm_split_argument v")):
            for place in places:
                splits += [f"match goal with {side} => {split} end" for side in (f"|- {place}", f"H : {place} |- _")]
        return splits

    def _choices(self, lemmas: Sequence[Lemma]) -> str:
        """One rewriting step with an equation that has no safe direction."""
        steps: list[str] = []
        for lemma in lemmas:
            rule = self.rule(lemma)
            if rule.kind == "commutative" and isinstance(rule.left, App) and not rule.statement.hypotheses:
                pattern = binary_pattern(rule.left)
                steps.append(f"(multimatch goal with |- context [{pattern}] => {commute(lemma, rule)} end)")
            elif sides := as_equation(rule.statement.conclusion) if rule.kind in ("fact", "forward") else None:
                ways = directions(rule.statement)
                for reverse in ways:
                    side = sides.right if reverse else sides.left
                    holes = {v: f"?a{i}" for i, v in enumerate(sorted(free_variables(side)))}
                    values = {v: hole[1:] for v, hole in holes.items()}
                    at = instance(lemma, rule.statement, values)
                    place = f"context [{hole_pattern(side, holes)}]"
                    step = f"rewrite {'<- ' if reverse else ''}{at}{self._premises(rule, lemmas)}"
                    steps.append(f"(multimatch goal with |- {place} => {step} end)")
                if len(ways) > 1 and not rule.statement.hypotheses and self._computes_halfway(rule):
                    name = lemma.canonical_name
                    steps += [f"lm_rewrite_simplified {name}", f"lm_rewrite_simplified_back {name}"]
        return one_of(steps)

    def _premises(self, rule: Rule, lemmas: Sequence[Lemma]) -> str:
        """How the premises of a rewriting step are proved: rewritten with the unconditional lemmas, then closed."""
        if not rule.statement.hypotheses:
            return ""
        rules = [(lemma, self.rule(lemma)) for lemma in lemmas]
        plain = [rewrite(one, rule) for one, rule in rules if rule.kind == "rewrite" and not rule.statement.hypotheses]
        return f" by (lm_side ltac:(fun _ => {first(plain)}))"

    def rewrites(self, lemmas: Sequence[Lemma], where: str, *, tested: bool = False) -> str:
        """The first rewriting step that applies; `tested`: a hypothesis says what a test of equality is worth."""
        steps = [*(["lm_tested"] if tested else []), *([] if where else self._refolds())]
        for lemma in lemmas:
            rule = self.rule(lemma)
            if rule.kind != "rewrite":
                continue
            steps.append(rewrite(lemma, rule) + where + self._premises(rule, lemmas))
            if not where and not rule.statement.hypotheses and self._computes_halfway(rule):
                back = "_back" if rule.reverse else ""
                steps.append(f"lm_rewrite_simplified{back} {lemma.canonical_name}")
        return first(steps)

    def _refolds(self) -> list[str]:
        """Calls of functions that recurse on two arguments, instead of the function inside that computing lays bare."""
        steps: list[str] = []
        for name, function in self.theory.functions.items():
            index, inner = structural_index(self.theory, name), inner_recursion(self.theory, name)
            if index is None or inner is None:
                continue
            types = [type_ for _, type_ in pi_binders(function.type)]
            datatype = self.theory.datatype_of(types[index])
            for constructor in datatype.constructors if datatype is not None else ():
                info = self.theory.constructors[constructor.name]
                made = f"(@{constructor.name}{' _' * (info.datatype.parameters + info.fields)})"
                given = " ".join(made if i == index else "_" for i in range(inner[0]))
                steps.append(f"lm_refold uconstr:((@{name} {given}))")
        return steps

    def _computes_halfway(self, rule: Rule) -> bool:
        """Whether simplification unfolds a call in the statement: a constructor stands where a function recurses."""
        todo = [rule.statement.conclusion]
        while todo:
            term = todo.pop()
            if isinstance(term, App):
                index = structural_index(self.theory, term.function.name) if isinstance(term.function, Const) else None
                decisive = term.arguments[index] if index is not None and index < len(term.arguments) else None
                if decisive is not None and head_name(decisive) in self.theory.constructors:
                    return True
                todo.extend(term.arguments)
        return False

    def instances(self, opened: OpenStatement, lemmas: Sequence[Lemma]) -> list[str]:
        """Tactics that close the goal by an instance of a lemma, rewritten with the other lemmas.

        One variable is a constructor without arguments, or a call in the statement: `take (len x) x = x` at `rev x`.
        """
        wanted = {n for n in constants(opened.conclusion) if n in self.theory.functions}
        found: list[str] = []
        calls = list(dict.fromkeys(t for t in subterms(opened.conclusion) if self._is_call(t)))
        for lemma in lemmas:
            rule = self.rule(lemma)
            if rule.statement.hypotheses:
                continue
            about = constants(lemma.term)
            missing = wanted - about
            for binder in rule.statement.of_kind("data"):
                datatype = self.theory.datatype_of(binder.type)
                values = [
                    hole_pattern(call, {name: name for name in free_variables(call)})
                    for call in calls
                    if head_name(call) in missing and missing <= constants(call)
                ]
                for constructor in datatype.constructors if datatype and not missing else ():
                    info = self.theory.constructors[constructor.name]
                    if info.fields == 0:
                        values.append(f"(@{constructor.name}{' _' * info.datatype.parameters})")
                others = self.rewrites([other for other in lemmas if other is not lemma], " in H") if values else ""
                for value in values:
                    at = instance(lemma, rule.statement, {binder.name: value})
                    found.append(f"lm_instance uconstr:{at} ltac:(fun H => {others})")
        return found[:INSTANCES]

    def _is_call(self, term: Term) -> bool:
        return (
            isinstance(term, App) and isinstance(term.function, Const) and term.function.name in self.theory.functions
        )

    def _permutations(self, rules: Sequence[tuple[Lemma, Rule]]) -> list[str]:
        """A closer for each operation that the lemmas show to be commutative and associative, or commutative."""
        found: list[str] = []
        for lemma, rule in rules:
            if rule.kind != "commutative" or rule.statement.hypotheses:
                continue
            assert isinstance(rule.left, App)
            operation = rule.left.function
            found.append(
                f"multimatch goal with |- context [{binary_pattern(rule.left)}] => {commute(lemma, rule)}; lm_close end"
            )
            for other, candidate in rules:
                equation = as_equation(candidate.statement.conclusion)
                if equation is None or candidate.statement.hypotheses:
                    continue
                for left, right, as_stated in (
                    (equation.left, equation.right, True),
                    (equation.right, equation.left, False),
                ):
                    if is_associativity(left, right) and isinstance(left, App) and left.function == operation:
                        found.append(permute(lemma, rule, other, candidate, left, as_stated))
        return found


def _is_test(hypothesis: Binder) -> bool:
    """Whether it may be `forall x y, e x y = true <-> x = y`."""
    body = hypothesis.type
    while isinstance(body, Forall):
        body = body.body
    return head_name(body) == "iff"
