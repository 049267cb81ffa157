"""States, as Rocq lemmas, that translated functions compute what the interpreter computes.

For each function that a file's statement reaches: random ground arguments, the interpreter's value, and one lemma that
all these calls have these values, proved by computation in the kernel. Type variables become a datatype of four
elements; a functional argument is a constant, the identity, or a case distinction. Functions that are not the plain
recursion of their text come with their unfolding equation. If `coqc` takes the file, both readings of TIP agree.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from datasets.tip.rocq import Translator
from datasets.tip.syntax import (
    Arrow,
    Constructor,
    Data,
    Datatype,
    Module,
    TranslationError,
    Type,
)
from datasets.tip.typed import substitute_type
from tests.datasets.ground_terms import GroundTerms

ELEMENT = Datatype("Element", (), tuple(Constructor(f"Element{digit}", (), ()) for digit in "1234"))


@dataclass(frozen=True)
class Agreement:
    """The check of one function: what it needs, the lemmas, and on how many different inputs it was evaluated."""

    function: str
    header: str
    unfoldings: tuple[str, ...]
    lemma: str
    inputs: int
    exhaustive: bool
    """Whether these are all inputs that there are."""
    outgrown: bool
    """Whether on further inputs results were too large, or took too many steps."""


def agreements(modules: Iterable[Module], inputs: int, seed: int, share: float = 1.0) -> list[Agreement]:
    """The checks of all functions that the statements reach, each different definition once.

    `inputs` is how many different ground arguments each function is tried on, `share` the part of the modules, chosen
    by `seed`. Files without a translation are skipped.
    """
    random, seen, checks = Random(seed), set[str](), list[Agreement]()
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(20_000)  # a natural number n is a term of depth n
    try:
        for module in modules:
            if random.random() >= share:
                continue
            extended, names = _reached(module)
            for name in names:
                translator = Translator(extended)
                translator.require("function", name)
                key = f"{name}\n{translator.header()}"
                if key not in seen:
                    seen.add(key)
                    checks.append(_agreement(extended, translator, name, inputs, seed))
    finally:
        sys.setrecursionlimit(limit)
    return checks


def _reached(module: Module) -> tuple[Module, list[str]]:
    """The file with the datatype for type variables, and the functions that its statement reaches."""
    extended = replace(
        module,
        datatypes=(*module.datatypes, (ELEMENT,)),
        owners=module.owners | {constructor.name: ELEMENT for constructor in ELEMENT.constructors},
    )
    translator = Translator(extended)
    try:
        translator.statement()
    except TranslationError:
        return extended, []
    return extended, translator.translated


def _agreement(module: Module, translator: Translator, name: str, inputs: int, seed: int) -> Agreement:
    function = next(f for group in module.functions for f in group if f.name == name)
    table: dict[str, Type] = dict.fromkeys(function.type_parameters, Data(ELEMENT.name))
    domains = [substitute_type(binder.type, table) for binder in function.parameters]
    result = substitute_type(function.result, table)
    while isinstance(result, Arrow):
        domains.append(result.domain)
        result = result.codomain
    samples = GroundTerms(module, translator, Random(f"{seed} {name}"))
    evaluated, exhaustive, outgrown = samples.evaluate(name, domains, result, inputs)
    head = samples.function(name, list(table.values()))
    type_ = samples.type(result)
    calls = _list([f"({' '.join([head, *arguments])})" for arguments, _ in evaluated], type_)
    values = _list([value for _, value in evaluated], type_)
    listed = f"(Coq.Init.Datatypes.list ({type_}))"
    lemma = (
        f"Lemma agreement : @Coq.Init.Logic.eq {listed}\n{calls}\n{values}.\n"
        f"Proof. vm_cast_no_check (@Coq.Init.Logic.eq_refl {listed}\n{values}). Qed."
    )
    return Agreement(
        name, translator.header(), tuple(translator.unfoldings), lemma, len(evaluated), exhaustive, outgrown
    )


def rocq_file(checks: Iterable[Agreement]) -> str:
    """One file that states all the checks, each in a module of its own."""
    modules: list[str] = []
    for number, check in enumerate(checks):
        header = check.header.removeprefix(IMPORT)
        body = "\n".join([header, *check.unfoldings, check.lemma])
        modules.append(f"(* {check.function.replace('*', '.')} *)\nModule M{number}.\n{body}\nEnd M{number}.\n")
    return IMPORT + "\n".join(modules)


IMPORT = "From Coq Require Import ZArith.\nFrom Coq Require Lia.\n"


def _list(items: list[str], type_: str) -> str:
    text = f"(@Coq.Init.Datatypes.nil ({type_}))"
    start = f"(@Coq.Init.Datatypes.cons ({type_}) "
    return start + f"\n{start}".join(items) + f" {text}" + ")" * len(items) if items else text
