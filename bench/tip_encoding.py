"""Is the encoding of TIP's problems for SMT solvers sound? Non-theorems, and ground instances of theorems.

No solver may prove one of TIP's non-theorems. Each should prove the instances, in which small random values stand for
the leading variables.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.smt_solvers import CONFIGURATIONS, Solver, ask
from datasets.tip.inference import Inference, TranslationError
from datasets.tip.parse import parse
from datasets.tip.smtlib import encode
from datasets.tip.suites import suite_files
from datasets.tip.syntax import Data, Module
from datasets.tip.typed import Constant, Local, Quantification, Typed, substitute, substitute_type
from domain import UserError


def check(solvers: Sequence[Solver], suites: Mapping[str, Sequence[Module]], path: Path, limit: int) -> int:
    """Asks for the non-theorems, of which none may be proved, and for ground instances of theorems, which should be.

    Args:
        solvers: each is asked.
        suites: the theorems, by suite.
        path: where the non-theorems are.
        limit: CPU seconds a problem.

    Returns:
        1 if a solver's answer is wrong, and 0 otherwise.
    """
    wrong = 0
    for solver in solvers:
        for configuration in CONFIGURATIONS:
            proved: list[str] = []
            asked = unread = 0
            for file in suite_files("tip:false", path):
                try:
                    text = encode(parse(file.read_text(encoding="utf-8"), str(file)))
                except (TranslationError, UserError):
                    unread += 1
                    continue
                asked += 1
                if ask(solver, configuration, text, limit)[0] == "unsat":
                    proved.append(file.stem)
            told = f"{len(proved)} of {asked} non-theorems proved ({unread} have no encoding) {' '.join(proved)}"
            print(f"{solver.name} {configuration}: {told}", flush=True)
            wrong += len(proved)
        draws = random.Random(0)
        for suite, modules in suites.items():
            texts = [encode(module, instance(module, draws)) for module in modules]
            said = [ask(solver, "induction", text, limit)[0] for text in texts]
            print(f"{solver.name}: {said.count('unsat')} of {len(said)} ground instances of {suite} proved", flush=True)
            wrong += said.count("sat")
    return 1 if wrong else 0


def instance(module: Module, draws: random.Random) -> Typed:
    """The goal with small random values for its leading variables of datatypes without type variables."""
    inference = Inference(module, frozenset())
    goal = inference.formula(module.goal, "prove").body
    if not isinstance(goal, Quantification) or goal.quantifier != "forall":
        return goal
    kept: list[Local] = []
    body = goal.body
    for variable in goal.binders:
        value = _ground(inference, variable.type, 3, draws) if isinstance(variable.type, Data) else None
        if value is None:
            kept.append(variable)
        else:
            body = substitute(body, variable.name, value)
    return Quantification("forall", tuple(kept), body) if kept else body


def _ground(inference: Inference, type_: Any, size: int, draws: random.Random) -> Typed | None:
    """A value of a datatype, not deeper than `size` where it can be helped; None if it has no closed value here."""
    choices = [c for d, c in inference.constructors.values() if isinstance(type_, Data) and d.name == type_.name]
    if size <= 0:
        choices = [c for c in choices if not c.fields]
    draws.shuffle(choices)
    for constructor in choices:
        datatype = inference.constructors[constructor.name][0]
        table = dict(zip(datatype.parameters, type_.arguments, strict=True))
        fields = [_ground(inference, substitute_type(f, table), size - 1, draws) for f in constructor.fields]
        arguments = tuple(field for field in fields if field is not None)
        if len(arguments) == len(fields):
            return Constant("constructor", constructor.name, type_.arguments, arguments, type_)
    return None
