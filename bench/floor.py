"""What the portfolio proves on a suite without lemmas, and with lemmas that exploration discovers.

    python bench/floor.py tip:prod --path ../shared/data/tip --rounds 2 --json floor.json

One warm session, one process. Every proof counted was accepted up to Qed by a warm session (trust `elaborated`);
lemmas are assumed there once they have been proved. A problem's statement serves as a lemma only where exploration
found it too, and never for itself.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from datasets import load
from domain import Definition, Elaboration, Lemma, Term
from pipeline.proposers.automation.portfolio import TACTICS, Automation, Script, minimise
from pipeline.proposers.conjecture.exploration import explore
from term_algebra import size
from term_algebra.rewriting import RuleSet, to_pattern
from term_algebra.theory import as_equation, open_statement
from verifiers.rocq.canonical import canonical_header
from verifiers.rocq.session import Session
from verifiers.rocq.terms import render
from verifiers.rocq.verifier import RocqVerifier

MOST_SCRIPTS = 80
"""Scripts tried on one statement."""


def as_lemma(term: Term, proof: Script) -> Lemma:
    """A lemma value for a proved statement; ids are those of this script alone."""
    text = render(term)
    return Lemma(
        id=hashlib.sha256(text.encode()).hexdigest(),
        revision=1,
        prover="rocq",
        name="explored",
        prelude_id="",
        definition_ids=(),
        statement=text,
        statement_exact=text,
        term=term,
        proof=proof.text,
        uses=tuple(lemma.id for lemma in proof.uses_lemmas),
        dedup_key=text,
        origin_kind="definitions",
        origins=(),
        parents=(),
        operator="exploration",
        round=0,
        attempt_id="",
        prover_version="",
    )


@dataclass
class Bench:
    """Problems of one suite that share the empty prelude, with a library that grows."""

    problems: Sequence[Elaboration]
    seconds: float
    library: list[Lemma] = field(default_factory=list[Lemma])
    cpu_seconds: float = 0.0
    checks: int = 0

    def __post_init__(self) -> None:
        by_id: dict[str, Definition] = {d.id: d for problem in self.problems for d in problem.definitions}
        self.definitions = tuple(by_id.values())
        self.automation = Automation(self.definitions)
        self.rules = RuleSet(self.automation.precedence)
        self.session = Session()
        loaded = self.session.load(f"{canonical_header('', self.definitions)}\n{TACTICS}")
        if not loaded.ok:
            raise SystemExit(f"the definitions do not load: {loaded.error}")
        self._given: dict[Term, tuple[str, ...]] = {}

    def prove(self, statement: Term) -> Script | None:
        """A minimised proof with the library's most relevant lemmas; None at once if the same was tried before."""
        chosen = self.automation.select(statement, self.library)
        given = tuple(lemma.id for lemma in chosen)
        if self._given.get(statement) == given:
            return None
        self._given[statement] = given

        def check(scripts: Sequence[Script]) -> list[bool]:
            return [self._check(statement, script) for script in scripts]

        for script in islice(self.automation.scripts(statement, chosen), MOST_SCRIPTS):
            if self._check(statement, script):
                return minimise(script, statement, self.automation, check)
        return None

    def _check(self, statement: Term, script: Script) -> bool:
        before = "\n".join(f"Axiom {lemma.canonical_name} : {lemma.statement_exact}." for lemma in script.uses_lemmas)
        text = f"Goal {render(statement)}.\nProof.\n{script.text}\nQed."
        outcome = self.session.run(text, self.seconds, before=before, goals=False)
        self.cpu_seconds += outcome.cpu_seconds
        self.checks += 1
        return outcome.ok

    def conjectures(self, seed: int, most: int) -> list[Term]:
        """Statements over the definitions that each problem reaches, smallest first."""
        found: dict[Term, int] = {}
        for reached in sorted({problem.reached for problem in self.problems}):
            signature = [definition for definition in self.definitions if definition.id in reached]
            for term in explore(signature, seed)[:most]:
                found.setdefault(term, size(term))
        return sorted(found, key=lambda term: found[term])

    def derives(self, statement: Term) -> bool:
        """Whether rewriting with the library proves an equation."""
        opened = open_statement(statement)
        sides = as_equation(opened.conclusion)
        if sides is None or opened.hypotheses:
            return False
        return self.rules.normal(to_pattern(sides.left)) == self.rules.normal(to_pattern(sides.right))

    def add(self, statement: Term, proof: Script) -> None:
        self.library.append(as_lemma(statement, proof))
        opened = open_statement(statement)
        sides = as_equation(opened.conclusion)
        if sides is not None and not opened.hypotheses:
            self.rules.learn(to_pattern(sides.left), to_pattern(sides.right))


def closure(script: Script, library: Sequence[Lemma]) -> int:
    """How many lemmas a proof rests on, those of its lemmas included."""
    by_id = {lemma.id: lemma for lemma in library}
    found: set[str] = set()
    todo = [lemma.id for lemma in script.uses_lemmas]
    while todo:
        top = todo.pop()
        if top not in found:
            found.add(top)
            todo.extend(by_id[top].uses)
    return len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite")
    parser.add_argument("--path", type=Path)
    parser.add_argument("--rounds", type=int, default=0, help="rounds of discovery after the floor")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--conjectures", type=int, default=24, help="kept from each signature")
    parser.add_argument("--seconds", type=float, default=1.0, help="CPU seconds of a script")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    dataset = load(options.suite, path=options.path)
    verifier = RocqVerifier()
    answers = verifier.elaborate(dataset.problems)
    verifier.close()
    bench = Bench([a for a in answers if isinstance(a, Elaboration) and not a.prelude], options.seconds)
    rows: list[dict[str, Any]] = []
    solved: dict[str, int] = {}
    begun = time.process_time()
    waiting = bench.conjectures(options.seed, options.conjectures) if options.rounds else []
    exploration = time.process_time() - begun
    for turn in range(options.rounds + 1):
        if turn:
            waiting = [term for term in waiting if not _learned(bench, term)]
        for problem in bench.problems:
            if problem.problem.name in solved:
                continue
            script = bench.prove(problem.statement)
            if script is not None:
                solved[problem.problem.name] = turn
                lemmas = [lemma.statement for lemma in script.uses_lemmas]
                row = {"name": problem.problem.name, "round": turn, "plan": script.plan.kind, "lemmas": lemmas}
                rows.append({**row, "rests_on": closure(script, bench.library)})
                print(f"{problem.problem.name:12} round {turn}  {script.plan.kind:10} {len(lemmas)} lemmas", flush=True)
        print(
            f"round {turn}: {len(solved)} of {dataset.total} solved, {len(bench.library)} lemmas, "
            f"{bench.cpu_seconds:.0f} CPU s, {bench.checks} checks",
            flush=True,
        )
    bench.session.close()
    if options.json:
        headline = {f"solved_round_{t}": sum(r <= t for r in solved.values()) for t in range(options.rounds + 1)}
        result = {
            "machine": f"{platform.machine()} {platform.system()}",
            "seed": options.seed,
            "suite": options.suite,
            "total": dataset.total,
            "rows": rows,
            "unsolved": [p.problem.name for p in bench.problems if p.problem.name not in solved],
            "headline": headline,
            "lemmas": len(bench.library),
            "checks": bench.checks,
            "cpu_seconds": {"prover": round(bench.cpu_seconds, 1), "exploration": round(exploration, 1)},
        }
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _learned(bench: Bench, term: Term) -> bool:
    """Prove a conjecture and add it; also True when it is not worth having."""
    if bench.derives(term):
        return True
    script = bench.prove(term)
    if script is not None:
        bench.add(term, script)
    return script is not None


if __name__ == "__main__":
    main()
