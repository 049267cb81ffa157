"""A sample run of three rounds, written through the library's own interface: real problems, invented outcomes.

It has what a report must show: problems proved by automation with and without library lemmas and by the language
model, lemmas of several operators in chains, a retired lemma, failed attempts, and measured seconds by part.
"""

from __future__ import annotations

import json
from itertools import cycle
from pathlib import Path
from random import Random

from domain import (
    App,
    Const,
    Constructor,
    Datatype,
    Definition,
    Forall,
    Function,
    Lemma,
    Problem,
    Sort,
    Term,
    Var,
    Verdict,
)
from library_store.attempts import Attempt
from library_store.library import Library
from library_store.schema import ATTEMPT, Metric, ProblemState

SUITE = Path(__file__).parents[2] / "datasets" / "bundled"
ACCEPTED = Verdict("accepted", "proved", "audited", prover="Coq 8.16.1")
NUM, SEQ = "d" + "1" * 12, "d" + "2" * 12
ADD, JOIN, TURN, SIZE = ("d" + digit * 12 for digit in "3456")
OPERATORS = ("goal_surgery", "exploration", "exploration", "harvest", "goal_surgery", "solve_request", "parameterize")


def problems() -> list[Problem]:
    lines = [line for step in (1, 2, 3) for line in (SUITE / f"step{step}.jsonl").read_text().splitlines()]
    return [Problem(**json.loads(line)) for line in lines]


def definitions() -> list[Definition]:
    num, kind = Const(NUM), Sort("Type")
    seq = App(Const(SEQ), (Var("A"),))

    def datatype(name: str, readable: tuple[str, ...], of_type: Term, constructors: list[Term]) -> Definition:
        names = (name, *(f"{name}_{k + 1}" for k in range(len(constructors))))
        parts = tuple(Constructor(f"{name}_{k + 1}", of) for k, of in enumerate(constructors))
        shape = (Datatype(name, of_type, 0, parts),)
        return Definition(name[1:] * 5, "rocq", "datatype", names, readable, "", name, (), shape)

    def function(name: str, readable: str, of_type: Term) -> Definition:
        shape = (Function(name, of_type, num),)
        return Definition(name[1:] * 5, "rocq", "function", (name,), (readable,), "", name, (), (), shape)

    over_lists = Forall("A", kind, Forall("_", seq, seq))
    return [
        datatype(NUM, ("num", "zero", "next"), kind, [num, Forall("_", num, num)]),
        datatype(
            SEQ,
            ("seq", "empty", "link"),
            Forall("_", kind, kind),
            [Forall("A", kind, seq), Forall("A", kind, Forall("_", Var("A"), Forall("_", seq, seq)))],
        ),
        function(ADD, "add", Forall("_", num, Forall("_", num, num))),
        function(JOIN, "join", over_lists),
        function(TURN, "turn", over_lists),
        function(SIZE, "size", over_lists),
    ]


def statements(random: Random, count: int) -> list[Term]:
    """Equations over the sample's functions; whether they hold is no business of a report."""
    num = Const(NUM)

    def number(depth: int) -> Term:
        if depth == 0:
            return random.choice([Var("x0"), Var("x1"), Const(f"{NUM}_1")])
        if random.random() < 0.3:
            return App(Const(f"{NUM}_2"), (number(depth - 1),))
        return App(Const(ADD), (number(depth - 1), number(depth - 1)))

    def sequence(depth: int) -> Term:
        if depth == 0:
            return random.choice([Var("x1"), Var("x2"), App(Const(f"{SEQ}_1"), (Var("x0"),))])
        if random.random() < 0.4:
            return App(Const(TURN), (Var("x0"), sequence(depth - 1)))
        return App(Const(JOIN), (Var("x0"), sequence(depth - 1), sequence(depth - 1)))

    found: list[Term] = []
    seq = App(Const(SEQ), (Var("x0"),))
    for size in cycle((1, 2, 2, 3)):
        equal = App(Const("eq"), (num, number(size), number(size)))
        found.append(Forall("x0", num, Forall("x1", num, equal)))
        equal = App(Const("eq"), (seq, sequence(size), sequence(size)))
        found.append(Forall("x0", Sort("Type"), Forall("x1", seq, Forall("x2", seq, equal))))
        found = list(dict.fromkeys(found))
        if len(found) >= count:
            return found
    return found


def attempt(name: str, target: str, random: Random, *, solved: bool, by_model: bool, kind: str = "problem") -> Attempt:
    proposed = random.randint(4, 40)
    counts = {"proposed": proposed, "well_formed": proposed * 4 // 5, "elaborated": proposed // 3}
    counts |= {"audited": 1 + solved, "new": int(solved)}
    if by_model:
        share = 1 if kind == "evolve" else 3  # of a problem's attempt, automation had the rest
        counts |= {f"model_{fate}": value // share for fate, value in counts.items()}
    return Attempt(
        id=name,
        kind=kind,  # pyright: ignore[reportArgumentType]
        target=target,
        round=0,
        operator="language_model" if by_model else "automation",
        model="SmolLM2-135M-Instruct" if by_model else "",
        prompt_hash="",
        prompt="",
        output="",
        retrieved=(),
        mentioned=(),
        uses=(),
        harvested=(),
        verdict="accepted" if solved else "rejected",
        reason="proved" if solved else "does_not_compile",
        proof="",
        stuck_goals=(),
        candidates=proposed,
        tokens_in=random.randint(300, 900) if by_model else 0,
        tokens_out=random.randint(80, 300) if by_model else 0,
        cpu_seconds=random.uniform(0.2, 4.0),
        seconds=1.0,
        counts=counts,
    )


def build(run: Path, *, rounds: int = 3, learns: bool = True, degraded: str = "") -> Path:
    """Writes the sample run into folder `run`; with `learns` false nothing is ever proved."""
    random = Random(7)
    suite = problems()
    terms = iter(statements(random, 16 * rounds))
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.yaml").write_text("seed: 7\nrounds: 3\nproblems:\n- dataset: bundled\nmodel:\n  kind: local\n")
    operators = cycle(OPERATORS)
    clock = 1_700_000_000.0
    with Library(run) as library:
        library.add_definitions(definitions())
        library.add_problems(ProblemState(problem) for problem in suite)
        versions = {"prover": "Coq 8.16.1", "model": "SmolLM2-135M-Instruct (vllm 0.32.0)", "lemmary": "0.1.0"}
        detail = {"versions": versions, "label": "online"} | ({"sandbox": degraded} if degraded else {})
        library.add_event("started", at=clock, detail=detail)
        serial = 0
        for number in range(1, rounds + 1):
            for problem in suite:
                state = library.problems[problem.name]
                if state.status == "proved":
                    continue
                serial += 1
                step = int((problem.split or "step3")[-1])
                by_model = serial % 9 == 0
                solved = learns and (step == 1 if number == 1 else random.random() < (0.5, 0.45, 0.2)[step - 1])
                clock += random.uniform(0.5, 3)
                made = attempt(f"a{serial}", problem.name, random, solved=solved, by_model=by_model)
                library.add_attempt(made)
                library.add_event(ATTEMPT, problem.name, attempt_id=made.id, at=clock)
                if solved:
                    known = [lemma.id for lemma in library.lemmas.values()]
                    uses = random.sample(known[:14], k=min(len(known), 1 + (serial % 2))) if number > 1 else []
                    library.set_problem(
                        problem.name, "proved", uses=uses, operator=made.operator, attempt_id=made.id, reason="proved"
                    )
                else:
                    library.set_problem(problem.name, "open", reason=made.reason)
            for index in range(16 if learns else 0):
                serial += 1
                term = next(terms)
                operator = next(operators)
                by_model = operator == "parameterize"
                made = attempt(f"a{serial}", f"step {serial}", random, solved=True, by_model=by_model, kind="evolve")
                library.add_attempt(made)
                earlier = list(library.lemmas)
                uses = (earlier[index % len(earlier)],) if earlier and index % 3 == 0 else ()
                lemma = Lemma(
                    id=f"{serial:064x}",
                    revision=1,
                    prover="rocq",
                    name=f"lemma_{serial}",
                    prelude_id="",
                    definition_ids=(definitions()[0].id,),
                    statement=str(serial),
                    statement_exact=str(serial),
                    term=term,
                    proof="auto.",
                    uses=uses,
                    dedup_key="",
                    origin_kind="problem",
                    origins=(suite[22 + serial % 30].name,),
                    parents=(),
                    operator=operator,
                    round=number,
                    attempt_id=made.id,
                    prover_version="",
                )
                assert not library.insert(lemma, ACCEPTED, needed=uses).refused
            if learns and number == 2:
                library.retire(list(library.lemmas)[20], by=next(iter(library.lemmas)))
            shares = {"provers": 61.0, "model": 38.5, "exploration": 22.25, "driver and actors": 9.5}
            library.add_metrics(
                Metric("cpu_seconds", part, number, value * number, "s") for part, value in shares.items()
            )
            library.snapshot(seed=7, code_version="0.1.0")
    return run
