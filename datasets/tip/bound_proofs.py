"""Proofs in Rocq of the bounds that `bounds` found, and the tactics that use them.

A group of functions is shown to keep its bounds by induction on the sum of sizes that gets smaller in its calls: by its
equation, a case for each match, the bounds of what is called, and linear arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from datasets.tip.bound_claims import INTEGERS, Claims
from datasets.tip.bounds import Bounded, Knowledge
from datasets.tip.names import Names
from datasets.tip.render import Owner
from datasets.tip.rocq_text import application, explicit
from datasets.tip.sampling import Bound
from datasets.tip.syntax import BOOL, INT, Data
from datasets.tip.typed import TypedFunction

NAT = "Coq.Init.Datatypes.nat"

SPLIT = """Ltac {split} := match goal with
  |- context [match ?v with _ => _ end] => first [is_var v; destruct v | destruct v eqn:?]; cbn [{reduced}] in * end."""

COMPARISONS = f"""
  | E : Z.leb _ _ = true |- _ => apply {INTEGERS}.leb_le in E
  | E : Z.leb _ _ = false |- _ => apply {INTEGERS}.leb_gt in E
  | E : Z.ltb _ _ = true |- _ => apply {INTEGERS}.ltb_lt in E
  | E : Z.ltb _ _ = false |- _ => apply {INTEGERS}.ltb_ge in E
  | E : Z.eqb _ _ = true |- _ => apply {INTEGERS}.eqb_eq in E
  | E : Z.eqb _ _ = false |- _ => apply {INTEGERS}.eqb_neq in E"""

QUOTIENT = f"""let H := fresh "below" in pose proof ({INTEGERS}.mul_div_le x (Zpos y) eq_refl) as H;
    let H := fresh "above" in pose proof ({INTEGERS}.mul_succ_div_gt x (Zpos y) eq_refl) as H;
    let z := fresh "quotient" in set (z := Z.div x (Zpos y)) in *; clearbody z"""

BOUNDS = """Lemma {lemma} : forall k : {nat},
  {claims}.
Proof.
  induction k as [|k IH]; [repeat apply conj; intros; exfalso; Lia.lia|]; pose proof IH as {pattern}; clear IH;
  {conjunction}.
{cases}
Qed."""

CASE = """  - intros {variables} {arguments} Hk; rewrite ({unfold}); {definitions};
    cbn [{reduced}]; repeat {split}; {answers}repeat first [{own}{step}]; Lia.lia."""

ANSWERS = """split; intros answer; try discriminate answer; """

FUELLED = """Lemma {lemma} : forall {types} (n : {fuel.type}) {binders}, {claim}.
Proof.
  intros {variables} n; induction n as [|n IH]; intros {arguments}; cbn [{reduced}]; {unfold};
  repeat {split_all}; repeat first [match goal with {own} end | {step}]; Lia.lia.
Qed."""

FUELLED_FINALLY = """Lemma {lemma} : forall {types} {binders}, {claim}.
Proof. intros; apply {fuelled_lemma}. Qed."""

FINALLY = """Lemma {lemma} : forall {binders}, {claim}.
Proof.
  intros {variables} {arguments}; pose proof ({bounds} (Coq.Init.Datatypes.S ({measure})%nat)) as {pattern};
  apply {hypothesis}; apply {below}.
Qed."""

BELOW = "Coq.Arith.PeanoNat.Nat.lt_succ_diag_r"


class BoundProofs:
    """The proofs for one translation. Each sentence is given once; `equation` is that of a function, the first time."""

    def __init__(self, owner: Owner, equation: Callable[[str], list[str]]) -> None:
        self._owner = owner
        self._equation = equation
        self._ids = owner.identifiers
        self._names = Names(self._ids.names.taken)
        self.claims = Claims(owner, self.name)
        self._given: dict[str, str] = {}
        self._lemmas: dict[str, str] = {}
        self._proved: dict[str, tuple[TypedFunction, tuple[Bound, ...]]] = {}

    def name(self, symbol: str) -> str:
        return self._names.fresh(symbol)

    def once(self, key: str, texts: Callable[[str], list[str]]) -> list[str]:
        """What `texts` makes of a new name, the first time; `given` answers with that name."""
        if key in self._given:
            return []
        self._given[key] = self.name(key.replace(" ", "_"))
        return texts(self._given[key])

    def given(self, key: str) -> str:
        return self._given[key]

    # --------------------------------------------------------------------------------------------------- texts

    def sentences(self, knowledge: Knowledge) -> list[str]:
        """The bounds of all groups that were not proved yet."""
        found: list[str] = []
        for group in knowledge.groups.values():
            if group.functions[0].name not in self._lemmas:
                found += self._group(group, knowledge)
        return found

    def _group(self, group: Bounded, knowledge: Knowledge) -> list[str]:
        found: list[str] = []
        for function in group.functions:
            found += self._equation(function.name)
            for type_ in (*(item.type for item in function.parameters), function.result):
                found += self.claims.number_sentences(type_)
        split, reduced = self.name("by_cases"), " ".join(self.reduced(knowledge))
        found.append(SPLIT.format(split=split, reduced=reduced))
        step_name, step = self.step(())
        found.append(step)
        claims: list[str] = []
        cases: list[str] = []
        hypotheses = [f"IH{position}" for position in range(len(group.functions))]
        own = [
            clause
            for hypothesis, function in zip(hypotheses, group.functions, strict=True)
            for clause in self._own(hypothesis, function, group)
        ]
        for function in group.functions:
            measure = self.claims.measure(function, group.positions[function.name])
            claim = self.claims.claim(function, group.bounds[function.name], self._ids.functions[function.name])
            claims.append(f"(forall {self.claims.binders(function)}, ({measure} < k)%nat -> {claim})")
            variables = self._owner.functions.own_arguments(function)
            arguments = [item.name for item in function.parameters]
            unfold = application(explicit(f"{self._ids.functions[function.name]}_unfold", variables), [])
            cases.append(
                CASE.format(
                    variables=" ".join(variables),
                    arguments=" ".join(arguments),
                    unfold=" ".join([unfold.text, *variables, *arguments]),
                    definitions=unfolding_of(self.definitions(knowledge)),
                    reduced=reduced,
                    split=split,
                    answers=ANSWERS if function.result == BOOL else "",
                    own=" | ".join([f"match goal with {' '.join(own)} end", ""]),
                    step=step_name,
                )
            )
        lemma = self.name(f"{self._ids.functions[group.functions[0].name]}_bounds")
        pattern = _nested(hypotheses, "[{} {}]")
        found.append(
            BOUNDS.format(
                lemma=lemma,
                nat=NAT,
                claims=" /\\\n  ".join(claims),
                pattern=pattern,
                conjunction=_nested(["idtac"] * len(claims), "split; [{}|{}]"),
                cases="\n".join(cases),
            )
        )
        for hypothesis, function in zip(hypotheses, group.functions, strict=True):
            final = self.name(f"{self._ids.functions[function.name]}_bound")
            claim = self.claims.claim(function, group.bounds[function.name], self._ids.functions[function.name])
            found.append(
                FINALLY.format(
                    lemma=final,
                    binders=self.claims.binders(function),
                    claim=claim,
                    bounds=lemma,
                    variables=" ".join(self._owner.functions.own_arguments(function)),
                    arguments=" ".join(item.name for item in function.parameters),
                    measure=self.claims.measure(function, group.positions[function.name]),
                    pattern=pattern,
                    hypothesis=hypothesis,
                    below=BELOW,
                )
            )
            self._lemmas[function.name] = final
            self._proved[function.name] = (function, group.bounds[function.name])
        return found

    def own_bounds(
        self, function: TypedFunction, bounds: Sequence[Bound], settings: Mapping[str, object]
    ) -> tuple[list[str], list[str]]:
        """Bounds that hold of a function with any amount of fuel: the clauses that use them, and their lemmas."""
        fuelled, final = self.name(f"{settings['name']}_fuelled_bound"), self.name(f"{settings['name']}_bound")
        texts = [text for type_ in (function.result,) for text in self.claims.number_sentences(type_)]
        step_name, step = self.step(())
        split = self.name("by_cases")
        head = self._ids.fuelled[function.name]
        holes = self._arguments(function)[len(self._owner.functions.own_arguments(function)) :]
        fact = " ".join(["IH", *(item.removeprefix("?") for item in holes)])
        own = " ".join(self._places(function, f"{settings['fuelled']} n", holes, fact))
        texts += [
            step,
            SPLIT.format(split=split, reduced=settings["reduced"]),
            FUELLED.format(
                **settings,
                lemma=fuelled,
                step=step_name,
                own=own,
                split_all=split,
                claim=self.claims.claim(function, bounds, head, "n"),
            ),
            FUELLED_FINALLY.format(
                **settings,
                lemma=final,
                fuelled_lemma=fuelled,
                claim=self.claims.claim(function, bounds, self._ids.functions[function.name]),
            ),
        ]
        clauses = self.clauses(function, head, fuelled, "?left")
        return [*clauses, *self.clauses(function, self._ids.functions[function.name], final)], texts

    def definitions(self, knowledge: Knowledge) -> list[str]:
        """What `cbv` unfolds: definitions without recursion."""
        return [
            *self._followed(knowledge, recursive=False),
            *(word for name, word in self._ids.operators.items() if self._owner.has("operator", name)),
        ]

    def reduced(self, knowledge: Knowledge) -> list[str]:
        """What `cbn` reduces on constructors."""
        return [*self.claims.numbers.values(), *self._followed(knowledge, recursive=True)]

    def _followed(self, knowledge: Knowledge, recursive: bool) -> list[str]:
        names = sorted(name for name in knowledge.followed if (name in self._owner.functions.forms) == recursive)
        return [self._ids.functions[name] for name in names]

    # ------------------------------------------------------------------------------------------------- tactics

    def step(self, more: Sequence[str]) -> tuple[str, str]:
        """A tactic that puts one known bound in place of a result's size: its name and its text."""
        name = self.name("bounded")
        clauses = [*more]
        for function, bounds in self._proved.values():
            if bounds:
                clauses += self.clauses(function, self._ids.functions[function.name], self._lemmas[function.name])
        if self._owner.has("integers", "Int"):
            clauses.append(COMPARISONS.strip())
            for place in ("H' : context [Z.div ?x (Zpos ?y)] |- _", "|- context [Z.div ?x (Zpos ?y)]"):
                clauses.append(f"| {place} => {QUOTIENT}")
        body = "\n  ".join(clauses) or "| |- Coq.Init.Logic.False => fail"
        return name, f"Ltac {name} := match goal with\n  {body}\n  end."

    def clauses(self, function: TypedFunction, head: str, lemma: str, fuel: str = "") -> list[str]:
        """For each place where a call may stand: pose what `lemma` says of it; `fuel` is what a fuelled one gets."""
        given = self._arguments(function, fuel)
        fact = application(explicit(lemma, function.type_parameters), [item.removeprefix("?") for item in given]).text
        return self._places(function, explicit(head, function.type_parameters), given, fact)

    def _arguments(self, function: TypedFunction, fuel: str = "") -> list[str]:
        first = [f"?type{position}" for position in range(len(self._owner.functions.own_arguments(function)))]
        given = [f"?given{position}" for position in range(len(function.parameters))]
        return [*first, *([fuel] if fuel else []), *given]

    def _own(self, hypothesis: str, function: TypedFunction, group: Bounded) -> list[str]:
        """The same for calls of a group in the proof of its bounds, where they hold of smaller arguments."""
        if not group.bounds[function.name]:
            return []
        head = explicit(self._ids.functions[function.name], function.type_parameters)
        arguments = self._arguments(function)
        fact = " ".join([hypothesis, *(item.removeprefix("?") for item in arguments)])
        return self._places(function, head, arguments, fact, smaller="fun smaller => ")

    def _places(
        self, function: TypedFunction, head: str, arguments: Sequence[str], fact: str, smaller: str = ""
    ) -> list[str]:
        result, called = function.result, application(head, arguments).text
        reduce = f"cbn [{' '.join(self.claims.numbers.values())}] in"
        if result == BOOL:
            given = f"({fact} smaller)" if smaller else f"({fact})"
            return [
                f"| E : {called} = {answer} |- _ => "
                f'let H := fresh "bound" in pose proof ({smaller}{projection} {given} E) as H; {reduce} H; clear E'
                for answer, projection in (("true", "proj1"), ("false", "proj2"))
            ]
        found: list[str] = []
        pattern = called
        if result != INT:
            assert isinstance(result, Data)
            number = self.claims.number(result.name)
            types = [f"?sort{position}" for position in range(len(result.arguments))]
            pattern = application(explicit(number, types), [*types, f"({called})"]).text
            blanks = ["_"] * len(types)
            size = application(explicit(number, blanks), blanks).text
            found.append(f"| E : {called} = _ |- _ => apply (Coq.Init.Logic.f_equal ({size})) in E; {reduce} E")
        for place in (f"H' : context [{pattern}] |- _", f"|- context [{pattern}]"):
            posed = f'let H := fresh "bound" in pose proof ({fact}) as H; {reduce} H'
            whole = pattern.replace("?", "")
            found += [f'| {place} => {posed}; let z := fresh "size" in set (z := {whole}) in *; clearbody z']
        return found


def unfolding_of(definitions: Sequence[str]) -> str:
    """The tactic that puts the bodies of definitions in their places."""
    return f"cbv beta iota zeta delta [{' '.join(definitions)}]" if definitions else "cbv beta iota zeta"


def _nested(items: Sequence[str], pair: str) -> str:
    text = items[-1]
    for item in reversed(items[:-1]):
        text = pair.format(item, text)
    return text
