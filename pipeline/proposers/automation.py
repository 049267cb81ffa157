"""Proof scripts by the prover's own means: induction, simplification, case splits, rewriting with library lemmas.

`proof_scripts` yields an ordered portfolio for a statement; each script is a tactic block that stands on its own apart
from the tactics in `TACTICS`. `prove` runs a portfolio through a `check` port, and `minimise` drops the lemmas that a
proof does not need.

Invariant: a script refers to the statement's variables only by the names that it gives them itself, and to nothing
else but `TACTICS` and the canonical names of the lemmas that it lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from domain import App, Const, Definition, Fix, Forall, Lambda, Lemma, Term, Var
from term_algebra import children, free_variables, has_fix

from .ordering import Precedence, Rule, classify, is_associativity, is_permutative, recursion_depth
from .theory import Binder, Statement, Theory, as_equation, constants, head_name, open_statement, pi_binders, size

TACTICS = (Path(__file__).parent / "rocq_tactics.v").read_text(encoding="utf-8")
"""Tactic definitions that every script may call."""

MOST_LEMMAS = 25
"""Lemmas that one script is given at most: a larger selection slows every step and helps nobody."""

Check = Callable[[Sequence["Script"]], Sequence[bool]]
"""Runs scripts against the statement that they were made for; says for each whether it is a proof."""

PlanKind = Literal["search", "instance", "induction", "cases", "nested", "stepwise"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The shape of a proof: what is done before the search for the leaves.

    `induction` on `variable`, the other variables generalised if `general`; `cases` also splits `second` in each
    case; `nested` also does induction on it; `stepwise` is induction by two constructors at a time; `instance` is
    no induction but a lemma with a constant for one of its variables.
    """

    kind: PlanKind
    variable: str | None = None
    second: str | None = None
    general: bool = False
    normalise: bool = False
    """Rewrite with the lemmas before the induction, so that the hypotheses of the induction are normal forms too."""


@dataclass(frozen=True, slots=True)
class Script:
    """A tactic block, without `Proof.` and `Qed.`, and the lemmas that it may name."""

    text: str
    uses_lemmas: tuple[Lemma, ...]
    plan: Plan


@dataclass(frozen=True, slots=True)
class Proof:
    """A script that the check accepted. `tried` counts the scripts checked."""

    script: Script
    tried: int


@dataclass(frozen=True, slots=True)
class Stuck:
    """No script of the portfolio was accepted. `prefixes` are scripts whose open goals are worth a look."""

    tried: int
    prefixes: tuple[str, ...] = ()


@dataclass
class Automation:
    """Portfolios over one set of definitions; remembers how each lemma is used."""

    definitions: Sequence[Definition]
    theory: Theory = field(init=False)
    precedence: Precedence = field(init=False)
    _rules: dict[str, Rule] = field(default_factory=dict[str, Rule])

    def __post_init__(self) -> None:
        self.theory = Theory(tuple(self.definitions))
        self.precedence = Precedence(self.theory)

    def rule(self, lemma: Lemma) -> Rule:
        if lemma.id not in self._rules:
            self._rules[lemma.id] = classify(lemma.term, self.precedence)
        return self._rules[lemma.id]

    # ------------------------------------------------------------------------------------------------------ selection

    def select(self, statement: Term, lemmas: Iterable[Lemma], most: int = MOST_LEMMAS) -> tuple[Lemma, ...]:
        """The lemmas worth giving to a proof of `statement`, closest and smallest first.

        They speak of functions that it reaches; those that tie its functions to others come last.
        """
        reached = self.theory.reached(statement)
        direct = constants(statement)
        chosen: list[tuple[tuple[int, int, int, str], Lemma]] = []
        for lemma in lemmas:
            if lemma.term == statement:
                continue
            functions = {name for name in constants(lemma.term) if name in self.theory.functions}
            foreign = functions - reached
            if foreign and not functions & direct:
                continue
            rank = (len(foreign), len(functions - direct), size(lemma.term), lemma.id)
            chosen.append((rank, lemma))
        chosen.sort(key=lambda pair: pair[0])
        return tuple(lemma for _, lemma in chosen[:most])

    # -------------------------------------------------------------------------------------------------------- scripts

    def scripts(self, statement: Term, lemmas: Sequence[Lemma] = ()) -> Iterator[Script]:
        """The portfolio, cheapest and most general first; every script may use all of `lemmas`."""
        opened = open_statement(statement)
        for plan in self.plans(opened, with_lemmas=bool(lemmas)):
            yield self.script(opened, plan, lemmas)

    def plans(self, opened: Statement, *, with_lemmas: bool) -> Iterator[Plan]:
        variables = self._induction_order(opened)
        yield Plan("search")
        if with_lemmas:
            yield Plan("instance")
        several = len(opened.of_kind("data")) > 1
        for variable in variables:
            yield Plan("induction", variable, general=several)
        if with_lemmas:
            for variable in variables:
                yield Plan("induction", variable, general=several, normalise=True)
        if several:
            for variable in variables:
                yield Plan("induction", variable)
        pairs = [(v, w) for v in variables for w in variables if v != w][:12]
        for variable, second in pairs:
            yield Plan("cases", variable, second, general=True)
        if self._steps_by_two(opened):
            for variable in variables:
                yield Plan("stepwise", variable, general=True)
        for variable, second in pairs:
            yield Plan("nested", variable, second, general=True)

    def script(self, opened: Statement, plan: Plan, lemmas: Sequence[Lemma]) -> Script:
        """The text for one plan, with exactly these lemmas."""
        tactic = "lm_deep" if plan.kind == "search" else "lm_search"
        search = f"{tactic} {self._closures(lemmas)} {self._unfolder(opened, lemmas)}"
        names = " ".join(binder.name for binder in opened.binders)
        start = f"intros {names}.\n" if names else ""
        if plan.kind == "instance":
            rewrites = f"ltac:(fun H => {self._rewrites(lemmas, ' in H')})"
            instances = [f"lm_instance {instance} {rewrites}" for instance in self._instances(opened, lemmas)]
            return Script(f"{start}{_first(instances)}.", tuple(lemmas), plan)
        if plan.normalise:
            start += f"{self._normaliser(lemmas)}.\n"
        return Script(start + self._body(opened, plan, search) + ".", tuple(lemmas), plan)

    def prefixes(self, opened: Statement, most: int = 3) -> Iterator[str]:
        """Beginnings of proofs: the simplified goals of an induction, before and after its hypotheses are used."""
        names = " ".join(binder.name for binder in opened.binders)
        start = f"intros {names}.\n" if names else ""
        several = len(opened.of_kind("data")) > 1
        for variable in self._induction_order(opened)[:most]:
            plan = Plan("induction", variable, general=several)
            for leaf in ("lm_stuck", "lm_stuck; try (lm_hypothesis_step; lm_stuck)"):
                yield f"{start}{self._body(opened, plan, leaf)}."

    def _body(self, opened: Statement, plan: Plan, search: str) -> str:
        if plan.kind == "search" or plan.variable is None:
            return search
        moved = self._moved(opened, plan)
        names = [binder.name for binder in moved]
        revert = f"revert {' '.join(names)}; " if names else ""
        if plan.kind == "stepwise":
            return self._stepwise(opened, plan.variable, revert, search)
        if plan.kind == "induction":
            return f"{revert}induction {plan.variable}; intros; {search}"
        assert plan.second is not None
        before = names[: names.index(plan.second) + 1] if plan.second in names else []
        first, second = f"{revert}induction {plan.variable}; ", f"intros {' '.join(before)}; "
        if plan.kind == "cases":
            return f"{first}{second}destruct {plan.second}; intros; {search}"
        rest = [name for name in before if name != plan.second]
        again = f"revert {' '.join(rest)}; " if rest else ""
        return f"{first}{second}{again}induction {plan.second}; intros; {search}"

    def _moved(self, opened: Statement, plan: Plan) -> list[Binder]:
        """Binders that go back into the goal before an induction: those that depend on its variable, and others."""
        moved: list[Binder] = []
        dirty = {plan.variable}
        for binder in opened.binders:
            if binder.name == plan.variable or binder.kind == "type":
                continue
            mentions = dirty & _variables(binder.type)
            if mentions or (plan.general and binder.kind == "data"):
                moved.append(binder)
                dirty.add(binder.name)
        return moved

    def _stepwise(self, opened: Statement, variable: str, revert: str, search: str) -> str:
        binder = next(b for b in opened.binders if b.name == variable)
        inner = self._destruct(binder.type, variable, "y", search, 1)
        return f"{revert}revert {variable}; fix IH 1; intros {variable}; {inner}"

    def _destruct(self, type_: Term, variable: str, stem: str, search: str, depth: int) -> str:
        datatype = self.theory.datatype_of(type_)
        assert datatype is not None
        patterns: list[str] = []
        branches: list[str] = []
        for index, constructor in enumerate(datatype.constructors):
            fields = self.theory.constructor_fields(type_, constructor)
            names = [f"{stem}{index}{position}" for position in range(len(fields))]
            patterns.append(" ".join(names))
            parts = [n for n, t in zip(names, fields, strict=True) if head_name(t) == datatype.name]
            learn = "".join(f"pose proof (IH {part}) as H{part}; " for part in parts)
            if depth == 0 or len(parts) != 1:
                branches.append(f"{learn}clear IH; intros; {search}")
            else:
                deeper = self._destruct(type_, parts[0], stem + "y", search, depth - 1)
                branches.append(f"{learn}{deeper}")
        return f"destruct {variable} as [{' | '.join(patterns)}]; [ {' | '.join(branches)} ]"

    def _steps_by_two(self, opened: Statement) -> bool:
        reached: set[str] = set()
        for binder in opened.hypotheses:
            reached |= self.theory.reached(binder.type)
        reached |= self.theory.reached(opened.conclusion)
        bodies = [self.theory.functions[name].body for name in reached if name in self.theory.functions]
        return any(recursion_depth(body) > 1 for body in bodies)

    def _induction_order(self, opened: Statement) -> list[str]:
        """Variables of recursive datatypes, those on which most functions of the statement recurse first."""
        scores: dict[str, int] = {}
        for binder in opened.of_kind("data"):
            datatype = self.theory.datatype_of(binder.type)
            if datatype is not None and self.theory.is_recursive(datatype):
                scores[binder.name] = 0
        todo = [opened.conclusion, *(binder.type for binder in opened.hypotheses)]
        while todo:
            term = todo.pop()
            if isinstance(term, App) and isinstance(term.function, Const):
                index = self.structural_index(term.function.name)
                for position, argument in enumerate(term.arguments):
                    if isinstance(argument, Var) and argument.name in scores:
                        scores[argument.name] += 3 if position == index else -1
            todo.extend(child for child, _ in children(term))
        order = list(scores)
        return sorted(order, key=lambda name: (-scores[name], order.index(name)))

    def structural_index(self, name: str) -> int | None:
        """Position of the argument on which a global function recurses."""
        function = self.theory.functions.get(name)
        if function is None:
            return None
        body, skipped = function.body, 0
        while isinstance(body, Lambda):
            body, skipped = body.body, skipped + 1
        if not isinstance(body, Fix):
            return None
        chosen = next(f for f in body.functions if f.name == body.chosen)
        return next((skipped + i for i, (p, _) in enumerate(chosen.parameters) if p == chosen.structural), None)

    # ------------------------------------------------------------------------------------------- lemmas as tactics

    def _normaliser(self, lemmas: Sequence[Lemma]) -> str:
        rewrites, in_hypothesis = self._rewrites(lemmas, ""), self._rewrites(lemmas, " in H")
        return f"lm_norm ltac:(fun _ => {rewrites}) ltac:(fun H => {in_hypothesis})"

    def _closures(self, lemmas: Sequence[Lemma]) -> str:
        rules = [(lemma, self.rule(lemma)) for lemma in lemmas]
        forward = [_forward(lemma, rule) for lemma, rule in rules if len(rule.statement.hypotheses) in (1, 2)]
        facts = [lemma.canonical_name for lemma, rule in rules if rule.kind in ("fact", "forward", "commutative")]
        finish = f"eauto 4 using {', '.join(facts)}" if facts else "fail"
        parts = [
            f"(fun _ => {self._rewrites(lemmas, '')})",
            f"(fun H => {self._rewrites(lemmas, ' in H')})",
            f"(fun _ => {_first([text for text in forward if text])})",
            f"(fun _ => {finish})",
            f"(fun _ => {_first(self._permutations(rules))})",
        ]
        return " ".join(f"ltac:{part}" for part in parts)

    def _unfolder(self, opened: Statement, lemmas: Sequence[Lemma]) -> str:
        """Unfolds the functions without recursion that the statement or a lemma mentions."""
        mentioned = constants(opened.conclusion).union(*(constants(binder.type) for binder in opened.binders))
        mentioned = mentioned.union(*(constants(lemma.term) for lemma in lemmas))
        plain = [
            name
            for name in sorted(mentioned)
            if name in self.theory.functions and not has_fix(self.theory.functions[name].body)
        ]
        unfold = f"progress unfold {', '.join(plain)} in *" if plain else "fail"
        choices, stuck = self._choices(lemmas), _first(self._stuck_calls(opened))
        return f"ltac:(fun _ => {unfold}) ltac:(fun _ => {choices}) ltac:(fun _ => {stuck})"

    def _stuck_calls(self, opened: Statement) -> list[str]:
        """Splits the variable on which a call is stuck that a match looks at; not for calls that answer yes or no."""
        reached = self.theory.reached(opened.conclusion).union(
            *(self.theory.reached(b.type) for b in opened.hypotheses)
        )
        splits: list[str] = []
        for name in sorted(reached & self.theory.functions.keys()):
            index = self.structural_index(name)
            binders = list(pi_binders(self.theory.functions[name].type))
            result = self.theory.functions[name].type
            while isinstance(result, Forall):
                result = result.body
            datatype = self.theory.datatype_of(result)
            if index is None or datatype is None or not self.theory.is_recursive(datatype):
                continue
            call = " ".join([f"@{name}", *("?v" if i == index else "_" for i in range(len(binders)))])
            scrutinee = f"context [match {call} with _ => _ end]"
            places = (f"|- {scrutinee}", f"H : {scrutinee} |- _")
            splits.extend(f"match goal with {place} => is_var v; destruct v end" for place in places)
        return splits

    def _choices(self, lemmas: Sequence[Lemma]) -> str:
        """One rewriting step with an equation that has no safe direction."""
        steps: list[str] = []
        for lemma in lemmas:
            rule = self.rule(lemma)
            if rule.statement.hypotheses:
                continue
            if rule.kind == "commutative" and isinstance(rule.left, App):
                pattern = _pattern(rule.left)
                steps.append(f"(multimatch goal with |- context [{pattern}] => {_commute(lemma, rule)} end)")
            elif rule.kind == "fact" and is_permutative(rule.statement):
                name = lemma.canonical_name
                sides = as_equation(rule.statement.conclusion)
                assert sides is not None
                for arrow, side in (("", sides.left), ("<- ", sides.right)):
                    holes = {v: f"?a{i}" for i, v in enumerate(sorted(free_variables(side)))}
                    values = {v: hole[1:] for v, hole in holes.items()}
                    instance = _instance(lemma, rule.statement, values)
                    place = f"context [{_hole_pattern(side, holes)}]"
                    steps.append(f"(multimatch goal with |- {place} => rewrite {arrow}{instance} end)")
                if self._computes_halfway(rule):
                    steps += [f"lm_rewrite_simplified {name}", f"lm_rewrite_simplified_back {name}"]
        return f"({' + '.join(steps)})" if steps else "fail"

    def _rewrites(self, lemmas: Sequence[Lemma], where: str) -> str:
        steps: list[str] = []
        for lemma in lemmas:
            rule = self.rule(lemma)
            if rule.kind != "rewrite":
                continue
            arrow = "<- " if rule.reverse else ""
            side = " by lm_side" if rule.statement.hypotheses else ""
            steps.append(f"rewrite {arrow}{lemma.canonical_name}{where}{side}")
            if not where and not side and self._computes_halfway(rule):
                back = "_back" if rule.reverse else ""
                steps.append(f"lm_rewrite_simplified{back} {lemma.canonical_name}")
        return _first(steps)

    def _computes_halfway(self, rule: Rule) -> bool:
        """Whether simplification unfolds a call in the statement: a constructor stands where a function recurses."""
        todo = [rule.statement.conclusion]
        while todo:
            term = todo.pop()
            if isinstance(term, App):
                index = self.structural_index(term.function.name) if isinstance(term.function, Const) else None
                decisive = term.arguments[index] if index is not None and index < len(term.arguments) else None
                if decisive is not None and head_name(decisive) in self.theory.constructors:
                    return True
                todo.extend(term.arguments)
        return False

    def _instances(self, opened: Statement, lemmas: Sequence[Lemma]) -> list[str]:
        """Instances of lemmas about the statement's functions, one variable being a constructor without arguments."""
        wanted = {n for n in constants(opened.conclusion) if n in self.theory.functions}
        found: list[str] = []
        for lemma in lemmas:
            rule = self.rule(lemma)
            if rule.statement.hypotheses or not wanted <= constants(lemma.term):
                continue
            for binder in rule.statement.of_kind("data"):
                datatype = self.theory.datatype_of(binder.type)
                for constructor in datatype.constructors if datatype else ():
                    info = self.theory.constructors[constructor.name]
                    if info.fields == 0:
                        value = f"(@{constructor.name}{' _' * info.datatype.parameters})"
                        found.append(_instance(lemma, rule.statement, {binder.name: value}))
        return found[:8]

    def _permutations(self, rules: Sequence[tuple[Lemma, Rule]]) -> list[str]:
        """A closer for each operation that the lemmas show to be commutative and associative, or commutative."""
        found: list[str] = []
        for lemma, rule in rules:
            if rule.kind != "commutative" or rule.statement.hypotheses:
                continue
            assert isinstance(rule.left, App)
            operation = rule.left.function
            found.append(
                f"multimatch goal with |- context [{_pattern(rule.left)}] => {_commute(lemma, rule)}; lm_close end"
            )
            for other, candidate in rules:
                equation = as_equation(candidate.statement.conclusion)
                if equation is None or candidate.statement.hypotheses:
                    continue
                for left, right, forward in (
                    (equation.left, equation.right, True),
                    (equation.right, equation.left, False),
                ):
                    if is_associativity(left, right) and isinstance(left, App) and left.function == operation:
                        found.append(_permute(lemma, rule, other, candidate, left, forward))
        return found


def _variables(term: Term) -> set[str]:
    found: set[str] = set()
    todo = [term]
    while todo:
        top = todo.pop()
        if isinstance(top, Var):
            found.add(top.name)
        todo.extend(child for child, _ in children(top))
    return found


def _first(alternatives: Sequence[str]) -> str:
    return f"first [ {' | '.join(alternatives)} ]" if alternatives else "fail"


def _forward(lemma: Lemma, rule: Rule) -> str | None:
    """Apply a lemma to known facts that match its hypotheses."""
    if rule.kind != "forward":
        return None
    hypotheses = [binder.name for binder in rule.statement.hypotheses]
    given = " ".join(f"K{hypotheses.index(b.name)}" if b.kind == "hypothesis" else "_" for b in rule.statement.binders)
    pattern = ", ".join(f"K{i} : _ = _" for i in range(len(hypotheses)))
    return f"match goal with {pattern} |- _ => lm_learn ({lemma.canonical_name} {given}) end"


def _hole_pattern(term: Term, holes: Mapping[str, str]) -> str:
    """A first-order term as a pattern, its variables being holes."""
    if isinstance(term, Var):
        return holes.get(term.name, "_")
    if isinstance(term, App):
        return f"({' '.join(_hole_pattern(part, holes) for part in (term.function, *term.arguments))})"
    return f"@{term.name}" if isinstance(term, Const) else "_"


def _pattern(application: App) -> str:
    """`f _ ?a ?b` for a binary operation with type arguments."""
    head = application.function
    assert isinstance(head, Const)
    types = " ".join("_" for _ in application.arguments[:-2])
    return f"@{head.name} {types} ?a ?b"


def _instance(lemma: Lemma, statement: Statement, values: dict[str, str]) -> str:
    return f"({' '.join([lemma.canonical_name, *(values.get(binder.name, '_') for binder in statement.binders)])})"


def _commute(lemma: Lemma, rule: Rule) -> str:
    assert isinstance(rule.left, App)
    x, y = (argument.name for argument in rule.left.arguments[-2:] if isinstance(argument, Var))
    return f"rewrite {_instance(lemma, rule.statement, {x: 'a', y: 'b'})}"


def _permute(comm: Lemma, rule: Rule, assoc: Lemma, other: Rule, left: App, forward: bool) -> str:
    inner = left.arguments[-2]
    assert isinstance(inner, App)
    names = [v.name for v in (*inner.arguments[-2:], left.arguments[-1]) if isinstance(v, Var)]
    instance = _instance(assoc, other.statement, dict(zip(names, "abc", strict=True)))
    to_right, to_left = ("", "<- ") if forward else ("<- ", "")
    head = left.function
    assert isinstance(head, Const)
    if len(left.arguments) > 2:
        return "fail"
    return (
        f"lm_permute {head.name} ltac:(fun a b => {_commute(comm, rule)}) "
        f"ltac:(fun a b c => rewrite {to_left}{instance}) ltac:(fun a b c => rewrite {to_right}{instance})"
    )


def proof_scripts(statement: Term, definitions: Sequence[Definition], lemmas: Sequence[Lemma] = ()) -> Iterator[Script]:
    """The portfolio for `statement`: first without lemmas, then with the most relevant of `lemmas`."""
    automation = Automation(definitions)
    yield from automation.scripts(statement)
    selected = automation.select(statement, lemmas)
    if selected:
        yield from automation.scripts(statement, selected)


def run_portfolio(scripts: Iterable[Script], check: Check, batch: int = 4, most: int = 80) -> Proof | Stuck:
    """Check scripts in small batches until one is a proof or `most` have been tried."""
    tried = 0
    waiting: list[Script] = []
    for script in scripts:
        waiting.append(script)
        if len(waiting) < batch:
            continue
        tried += len(waiting)
        proved = _first_proof(waiting, check)
        if proved is not None:
            return Proof(proved, tried)
        waiting = []
        if tried >= most:
            break
    if waiting:
        tried += len(waiting)
        proved = _first_proof(waiting, check)
        if proved is not None:
            return Proof(proved, tried)
    return Stuck(tried)


def _first_proof(scripts: Sequence[Script], check: Check) -> Script | None:
    return next((s for s, accepted in zip(scripts, check(scripts), strict=True) if accepted), None)


def prove(
    statement: Term, definitions: Sequence[Definition], check: Check, lemmas: Sequence[Lemma] = (), batch: int = 4
) -> Proof | Stuck:
    """Run the portfolio of `proof_scripts` through `check`."""
    return run_portfolio(proof_scripts(statement, definitions, lemmas), check, batch)


def minimise(proof: Script, statement: Term, definitions: Sequence[Definition], check: Check) -> Script:
    """The same plan with as few lemmas as it needs: all dropped at once, then one after the other."""
    automation = Automation(definitions)
    opened = open_statement(statement)
    best = proof
    if not best.uses_lemmas:
        return best
    bare = automation.script(opened, best.plan, ())
    if check([bare])[0]:
        return bare
    for lemma in reversed(best.uses_lemmas):
        rest = tuple(other for other in best.uses_lemmas if other.id != lemma.id)
        shorter = automation.script(opened, best.plan, rest)
        if check([shorter])[0]:
            best = shorter
    return best
