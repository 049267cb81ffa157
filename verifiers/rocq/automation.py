"""Plans as Rocq's tactics: induction, simplification, case splits, rewriting with library lemmas.

Invariant: what is written names only the statement's variables, the definitions of the theory, the tactics of
`tactics.v` and the canonical names of the lemmas that it lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from domain import Lemma, Term
from term_algebra.ordering import Rule
from term_algebra.theory import OpenStatement, Theory, head_name
from verifiers.rocq import procedures
from verifiers.rocq.lemma_tactics import LemmaTactics
from verifiers.rocq.ltac import first
from verifiers.rocq.tactics import over_numbers
from verifiers.scripts import Plan, Script, moved

if TYPE_CHECKING:  # only workers find proofs
    from term_algebra.steps import Derivation


class RocqAutomation:
    """Rocq's own means of proof."""

    quick_seconds: float | None = 0.35
    reads_terms = True
    takes_choices = True

    def knowing(self, tactics: Sequence[str]) -> RocqAutomation:
        del tactics  # they come with `tactics.v`
        return self

    def writer(self, theory: Theory, rule: Callable[[Lemma], Rule]) -> RocqWriter:
        return RocqWriter(theory, rule)

    def procedures(self, prelude: str) -> Sequence[str]:
        return procedures.scripts(numbers=over_numbers(prelude))


class RocqWriter:
    """Writes tactic blocks, without `Proof.` and `Qed.`, over one theory."""

    def __init__(self, theory: Theory, rule: Callable[[Lemma], Rule]) -> None:
        self._theory = theory
        self._lemmas = LemmaTactics(theory, rule)

    def plans(self, shapes: Iterable[Plan], opened: OpenStatement, lemmas: Sequence[Lemma]) -> Iterator[Plan]:
        del opened
        laws = any(map(self._lemmas.is_law, lemmas))
        yield from (plan for plan in shapes if laws or plan.kind != "facts")

    def script(self, opened: OpenStatement, plan: Plan, lemmas: Sequence[Lemma]) -> Script:
        tactic = "lm_deep" if plan.deep else "lm_search"
        search = f"{tactic} {self._lemmas.closures(opened, lemmas)}"
        start = _introduced(opened)
        if plan.kind == "instance":
            return Script(f"{start}{first(self._lemmas.instances(opened, lemmas))}.", tuple(lemmas), plan)
        if plan.kind == "facts":
            return Script(f"{start}lm_facts ltac:(fun _ => {self._lemmas.facts(lemmas)}).", tuple(lemmas), plan)
        if plan.normalise:
            start += f"{self._lemmas.normaliser(lemmas)}.\n"
        return Script(start + self._body(opened, plan, search) + ".", tuple(lemmas), plan)

    def beginnings(self, opened: OpenStatement, plan: Plan) -> Iterator[str]:
        """The goals simplified, then also rewritten with a hypothesis, then split before that."""
        rewritten = "try (lm_hypothesis_step; lm_stuck)"
        for leaf in ("lm_stuck", f"lm_stuck; {rewritten}", f"lm_stuck; lm_stuck_cases; {rewritten}"):
            yield f"{_introduced(opened)}{self._body(opened, plan, leaf)}."

    def derived(self, opened: OpenStatement, find: Callable[[], Derivation | None], /) -> Script | None:
        from verifiers.rocq.derived import derived

        found = find()
        if found is None:
            return None
        return Script(f"{_introduced(opened)}{derived(found)}", tuple(found.lemmas), Plan("derivation"))

    def plainer(
        self, opened: OpenStatement, plan: Plan, lemmas: Sequence[Lemma], listen: Callable[[str], Sequence[str]]
    ) -> str:
        from verifiers.rocq.heard import HERE, plain  # only workers find proofs
        from verifiers.rocq.told import told, told_instances

        if plan.kind in ("facts", "derivation") or plan.normalise:
            return ""
        start = _introduced(opened)
        if plan.kind == "instance":
            asked, begun = told_instances(first(self._lemmas.instances(opened, lemmas))), HERE
        else:
            search = told(self._lemmas.closures(opened, lemmas), deep=plan.deep)
            asked, begun = (self._body(opened, plan, one, named=True) for one in (search, HERE))
        said = listen(f"{start}{asked}.") if asked else ()
        return plain(f"{start}{begun}.", said) if said else ""

    def _body(self, opened: OpenStatement, plan: Plan, search: str, *, named: bool = False) -> str:
        """The plan carried out before a search; `named`: what cases introduce has names, and the search introduces."""
        if plan.kind == "search" or plan.variable is None:
            return search
        names = [binder.name for binder in moved(opened, plan)]
        revert = f"revert {' '.join(names)}; " if names else ""
        if plan.kind == "stepwise":
            return self._stepwise(opened, plan.variable, revert, search, named=named)
        end = search if named else f"intros; {search}"
        cases = self._pattern(opened, plan.variable, "y", induction=True) if named else ""
        if plan.kind == "induction":
            return f"{revert}induction {plan.variable}{cases}; {end}"
        assert plan.second is not None
        before = names[: names.index(plan.second) + 1] if plan.second in names else []
        induction, second = f"{revert}induction {plan.variable}{cases}; ", f"intros {' '.join(before)}; "
        cases = self._pattern(opened, plan.second, "z", induction=plan.kind == "nested") if named else ""
        if plan.kind == "cases":
            return f"{induction}{second}destruct {plan.second}{cases}; {end}"
        rest = [name for name in before if name != plan.second]
        again = f"revert {' '.join(rest)}; " if rest else ""
        return f"{induction}{second}{again}induction {plan.second}{cases}; {end}"

    def _pattern(self, opened: OpenStatement, variable: str, stem: str, *, induction: bool) -> str:
        """Names for what the cases of a variable introduce: an only part of its own kind keeps its name."""
        binder = next(one for one in opened.binders if one.name == variable)
        datatype = self._theory.datatype_of(binder.type)
        cases: list[str] = []
        for constructor in datatype.constructors if datatype is not None else ():
            fields = self._theory.constructor_fields(binder.type, constructor)
            parts = [head_name(of_type) == datatype.name for of_type in fields] if datatype is not None else []
            names: list[str] = []
            for place, part in enumerate(parts):
                name = (variable if sum(parts) == 1 else f"{variable}_{place}") if part else f"{stem}{place}"
                names += [name, f"IH{name}"] if part and induction else [name]
            cases.append(" ".join(names))
        return f" as [{'|'.join(cases)}]" if any(cases) else ""

    def _stepwise(self, opened: OpenStatement, variable: str, revert: str, search: str, *, named: bool) -> str:
        binder = next(b for b in opened.binders if b.name == variable)
        inner = self._destruct(binder.type, variable, "y", search, 1, named=named)
        return f"{revert}revert {variable}; fix IH 1; intros {variable}; {inner}"

    def _destruct(self, type_: Term, variable: str, stem: str, search: str, depth: int, *, named: bool) -> str:
        datatype = self._theory.datatype_of(type_)
        assert datatype is not None
        patterns: list[str] = []
        branches: list[str] = []
        for index, constructor in enumerate(datatype.constructors):
            fields = self._theory.constructor_fields(type_, constructor)
            names = [f"{stem}{index}{position}" for position in range(len(fields))]
            patterns.append(" ".join(names))
            parts = [n for n, t in zip(names, fields, strict=True) if head_name(t) == datatype.name]
            learn = "".join(f"pose proof (IH {part}) as H{part}; " for part in parts)
            if depth == 0 or len(parts) != 1:
                branches.append(f"{learn}clear IH; {'' if named else 'intros; '}{search}")
            else:
                deeper = self._destruct(type_, parts[0], stem + "y", search, depth - 1, named=named)
                branches.append(f"{learn}{deeper}")
        return f"destruct {variable} as [{' | '.join(patterns)}]; [ {' | '.join(branches)} ]"


def _introduced(opened: OpenStatement) -> str:
    """The sentence that introduces what a statement binds."""
    names = " ".join(binder.name for binder in opened.binders)
    return f"intros {names}.\n" if names else ""
