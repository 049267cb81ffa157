"""Would the problems of a run be proved without the lemmas that their proofs need?

    python bench/necessity.py runs/tip_prod --json docs/results/necessity.json

A run counts a lemma for a proof only if that proof fails without it, but another proof might do. So each problem whose
proof needs lemmas is searched for again, by an attempt's automation with the library as the run left it: whole, as a
control; for each lemma that its proof needs, without that lemma and every other one that proves it in one step; and
without any. Nothing is learned in these searches and no conjecture is assumed, so what could be found again is not. A
proof by lemmas whose own proofs rest on the one that was taken away is told apart from one that does without.

Found means: audited in the problem's own names. One process; as many CPU seconds of the prover for each search.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from actors.library import SharedLibrary
from bench.script import Row, command_line, ended, machine, tell
from domain import Candidate, Elaboration, Lemma, UserError
from library_store.snapshot import read
from library_store.tables import Tables
from pipeline.loop.admit import closure
from pipeline.loop.attempt_log import AttemptLog
from pipeline.loop.consolidate import follows
from pipeline.loop.context import CanonicalStatement, RunContext, build
from pipeline.loop.prove import Proof, Screen, Search
from pipeline.loop.resume import stored
from pipeline.loop.retrieve import retrieve_for_problem
from pipeline.loop.stages import CHOSEN, QUICK, STOPPED
from verifiers.audit.rocq.judge import RocqSettings
from verifiers.rocq.verifier import RocqVerifier

LOST, THROUGH, OTHERWISE = "lost", "through", "otherwise"
"""Not found again; found by lemmas that rest on the one taken away; found without it."""


class Bench:
    """Searches in the context of a finished run, whose library is a copy."""

    def __init__(self, context: RunContext, number: int, seconds: float) -> None:
        """`number` is that of a round after the last one: a search sees every lemma."""
        self._context, self._number, self._seconds = context, number, seconds
        self._subsumers: dict[str, frozenset[str]] = {}

    def row(self, name: str, uses: Sequence[Lemma]) -> Row:
        """A problem: with all lemmas, without each that its proof needs, and without any."""
        return {
            "problem": name,
            "with_all": self.search(name, frozenset())[1],
            "without": [self._without(name, lemma) for lemma in uses],
            "without_any": self.search(name, None)[1],
        }

    def _without(self, name: str, lemma: Lemma) -> Row:
        hidden = self.subsumers(lemma) | {lemma.id}
        lemmas, row = self.search(name, hidden)
        rests = any(one.id in hidden for one in closure(self._context, lemmas))
        return {
            "lemma": lemma.name,
            "statement": lemma.statement,
            "abroad": name not in lemma.origins,
            "subsumers": len(hidden) - 1,
            "outcome": LOST if not row["found"] else THROUGH if rests else OTHERWISE,
            **row,
        }

    def search(self, name: str, hidden: frozenset[str] | None) -> tuple[tuple[Lemma, ...], Row]:
        """One search, with no lemma if `hidden` is None: the lemmas that its proof needs, and what it came to."""
        context = self._context
        log = AttemptLog("bench", "problem", name)
        offered = retrieve_for_problem(context, name, self._number, context.settings.seed)
        lemmas = [] if hidden is None else [one for one in offered if one.id not in hidden]
        most = context.settings.prove.scripts
        search = Search(context, log, context.of_problem(name), lemmas, most=most, seconds=self._seconds)
        found = search.run(*QUICK, CHOSEN, STOPPED)
        proved = found is not None and self._audited(context.elaborations[name], found)
        lemmas = found.lemmas if found is not None else ()
        row = {
            "found": proved,
            "with": [one.statement for one in lemmas],
            "cpu_seconds": round(self._seconds - search.screen.left, 2),
        }
        return lemmas, row

    def _audited(self, elaboration: Elaboration, found: Proof) -> bool:
        context = self._context
        before, definitions = closure(context, found.lemmas), tuple(context.definitions.values())
        preamble = context.preamble(elaboration.prelude_id)
        texts = context.backend.syntax.candidates(elaboration, found.proof, before, definitions, preamble)
        return any(context.verifier.audit([Candidate(elaboration.problem, text)])[0].accepted for text in texts)

    def subsumers(self, lemma: Lemma) -> frozenset[str]:
        """Ids of the other lemmas that prove this one in one step."""
        if lemma.id not in self._subsumers:
            context = self._context
            log = AttemptLog("bench", "evolve", "library")
            screen = Screen(context, log, CanonicalStatement.of(lemma))
            others = [
                other
                for other in context.library.lemmas.values()
                if other.id != lemma.id
                and other.prelude_id == lemma.prelude_id
                and set(other.definition_ids) <= set(lemma.definition_ids)
            ]
            self._subsumers[lemma.id] = frozenset(other.id for other in others if follows(screen, other))
        return self._subsumers[lemma.id]


def summary(rows: Sequence[Row]) -> Row:
    """Problems by what their searches found, and pairs of a problem and a lemma by what came of taking it away."""
    pairs = [pair for row in rows for pair in row["without"]]
    lost = [row["problem"] for row in rows if any(pair["outcome"] == LOST for pair in row["without"])]
    return {
        "problems": len(rows),
        "found_with_all": sum(row["with_all"]["found"] for row in rows),
        "found_without_any": sum(row["without_any"]["found"] for row in rows),
        "problems_that_a_lemma_decides": lost,
        "pairs": dict(Counter(pair["outcome"] for pair in pairs)),
        "pairs_abroad": dict(Counter(pair["outcome"] for pair in pairs if pair["abroad"])),
    }


@contextmanager
def reopened(run: Path) -> Generator[tuple[Tables, RunContext]]:
    """What a finished run stored, and its context over a copy of its library.

    Raises:
        UserError: there is no such run, or it has a library for each problem.
    """
    tables, settings = read(run), stored(run)
    if settings.retrieval.visibility == "isolated":
        raise UserError(f"{run} has a library for each problem: give a run with one for all")
    verifier = RocqVerifier(RocqSettings(check_seconds=settings.prove.candidate_cpu_seconds, memory_bytes=2 << 30))
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(run / "rounds", Path(folder) / "rounds")
        try:
            with SharedLibrary(Path(folder)) as library:
                problems = [state.problem for state in tables.problems.values()]
                elaborations = [one for one in verifier.elaborate(problems) if isinstance(one, Elaboration)]
                yield tables, build(settings, elaborations, verifier, library)
        finally:
            verifier.close()


def main() -> None:
    parser = command_line(__doc__, seed=False)
    parser.add_argument("run", type=Path, help="directory of a finished run")
    parser.add_argument("--cpu-seconds", type=float, default=30.0, help="of the prover, for each search")
    options = parser.parse_args()
    where = machine()
    rows: list[Row] = []
    with reopened(options.run) as (tables, context):
        bench = Bench(context, tables.round + 1, options.cpu_seconds)
        for name, state in tables.problems.items():
            if state.status == "proved" and state.uses:
                rows.append(bench.row(name, [tables.lemmas[used] for used in state.uses]))
                print(f"{name}: {[pair['outcome'] for pair in rows[-1]['without']]}", flush=True)
    tell(options, where, rows, summary(rows), seed=context.settings.seed, cpu_seconds=options.cpu_seconds)


if __name__ == "__main__":
    sys.exit(ended(main))
