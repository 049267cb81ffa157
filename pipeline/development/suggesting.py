"""Help at one place of a file: the goal there, a proof of it, and auxiliary lemmas that were proved for it.

Invariant: every lemma and proof that is suggested was accepted by the warm prover up to `Qed`, in the file's own words.
No auxiliary lemma names a statement of the project that has no proof; a proof of the goal does so only where no other
is found, and it is said which. None names a statement that values refute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from domain import UserError
from pipeline.development.loaded import LoadedFile
from pipeline.development.project.document import Document, Hole
from pipeline.development.project.source import LOAD_SECONDS
from pipeline.development.search import theory
from pipeline.development.search.budget import Budget, Spent
from pipeline.development.search.context import Context, named_among
from pipeline.development.search.helper_names import in_turn
from pipeline.development.search.levels import LEVELS
from pipeline.development.search.proof_search import Search
from pipeline.development.search.solving import MEMORY_SHARE, READ_SHARE, TEST_SHARE, Helper, Solver
from pipeline.development.search.steps import written
from verifiers.audit.rocq.sentences import identifiers, normal_text, rename, split

SEARCH_SHARE = 0.4
"""Share of the seconds for a proof of the goal without auxiliary lemmas."""

CONJECTURES = 16
"""Auxiliary lemmas that are tried."""

RETRY_SECONDS = 2.0
"""CPU seconds for a proof of the goal with one lemma more."""

REFUTE_SECONDS = 2.0
"""CPU seconds for values that refute another statement, on which a proof would rest."""

UNPROVED_SHARE = 0.2
"""Share of the seconds for a proof that rests on statements without a proof, where there are such."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proved auxiliary lemma; `finish` is a proof of the goal that uses it, if one was found."""

    lemma: str
    finish: str | None


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What can be said at a place.

    `lemmas` are ranked, first those that finish the goal, then smaller ones; but each stands after those that it rests
    on, so that they compile when they are pasted in order.
    """

    statement: str
    goal: str
    others: int
    finish: str | None = None
    rests_on: tuple[str, ...] = ()
    """Names in `finish` of statements that have no proof."""
    counterexample: Mapping[str, str] | None = None
    lemmas: tuple[Suggestion, ...] = ()


Told: TypeAlias = Callable[[Suggestions], None]
"""Takes what can be said so far, whenever that is more than before."""


def suggest(
    loaded: LoadedFile,
    document: Document,
    line: int,
    seconds: float,
    seed: int,
    say: Callable[[str], None],
    tell: Told,
    stopped: Callable[[], bool] = lambda: False,
) -> Suggestions:
    """Suggestions for the first goal that is open behind what the file says up to and with a line.

    Args:
        loaded: the file.
        document: what it says now.
        line: of the document, from 1.
        seconds: CPU seconds for all that is tried.
        seed: of the values on which conjectures are tested.
        say: takes lines of progress.
        tell: takes what can be said so far.
        stopped: whether nobody waits for more any longer.

    Raises:
        UserError: there is no proof at that line, or what stands above it does not compile.
    """
    hole, begun = _place(document, line, loaded.file)
    say("loading what stands above")
    context = loaded.above(document, hole)
    context.stopped = stopped
    return _at(context, hole, begun, Budget(context, seconds), seed, say, tell)


def _place(document: Document, line: int, file: Path) -> tuple[Hole, str]:
    """The statement around a line, and the part of its proof that is said by then; gaps and its end are left out."""
    starts = [0, *(at + 1 for at, character in enumerate(document.text) if character == "\n")]
    if not 1 <= line <= len(starts):
        raise UserError(f"{file} has {len(starts)} lines, there is no line {line}")
    end = starts[line] if line < len(starts) else len(document.text)
    hole = document.proof_around(max(starts[line - 1], end - 1)) or document.proof_around(starts[line - 1])
    if hole is None:
        raise UserError(
            f"{file}:{line} is not inside a proof: give a line between a statement and the end of its proof"
        )
    said: list[str] = []
    for sentence in split(document.text[hole.body : max(end, hole.body)]):
        text = normal_text(sentence.text)
        if text.split(".")[0].split(" ")[0] in ("admit", "give_up", "Admitted", "Qed", "Defined", "Abort"):
            break
        said.append(sentence.text)
    return hole, "\n".join(said)


def _at(
    context: Context, hole: Hole, begun: str, budget: Budget, seed: int, say: Callable[[str], None], tell: Told
) -> Suggestions:
    """What can be said of the goal behind `begun`."""
    before = f"{hole.statement}\nProof.\n{begun}"
    outcome = context.session.run("idtac.", LOAD_SECONDS, before=before)
    none = not outcome.goals if outcome.ok else outcome.error.startswith("No such goal")
    elsewhere = "Focus next goal" in outcome.error if none else outcome.ok and not outcome.focused
    if not outcome.ok and not none:
        raise UserError(f"{context.document.name}, in the proof of {hole.name}: {outcome.error}")
    if none and not elsewhere:
        raise UserError(f"no goal is left there in the proof of {hole.name}")
    if elsewhere:
        raise UserError(f"no goal is in focus there in the proof of {hole.name}: give a line behind the next bullet")
    shown = context.session.run("idtac.", LOAD_SECONDS, before=before, in_full=False)
    given = Suggestions(hole.statement, str(shown.goals[0]), len(outcome.goals) - 1)
    tell(given)
    stated = _as_lemma(context, hole, outcome.goals[0].hypotheses, outcome.goals[0].conclusion)
    closed = theory.read_closed(context, stated, budget.left * READ_SHARE)
    tested = budget.left * TEST_SHARE
    counterexample = theory.counterexample(context, closed, seed, tested) if closed is not None else None
    if counterexample is not None:
        return replace(given, counterexample=counterexample)
    context.aim(hole, budget.left * MEMORY_SHARE)
    focused = f"{before}\n1: {{"
    kept = budget.left * UNPROVED_SHARE if context.unproved else 0.0
    say("looking for a proof of the goal")
    context.proved_only = True
    finish = _proof(context, focused, Budget(context, (budget.left - kept) * SEARCH_SHARE))
    tell(replace(given, finish=finish))
    lemmas: tuple[Suggestion, ...] = ()
    if closed is not None:
        say("looking for auxiliary lemmas")
        solver = Solver(context, replace(stated, name=hole.name), max(budget.left, 0.1), seed)
        statements = theory.conjectures(context, closed, seed, CONJECTURES, max(budget.left, 0.1) / 2)
        within = Budget(context, budget.left - kept)
        for found in _lemmas(solver, statements, focused, within, finish is None):
            lemmas = found
            tell(replace(given, finish=finish, lemmas=lemmas))
    if finish is not None or any(one.finish for one in lemmas) or not context.unproved:
        return replace(given, finish=finish, lemmas=lemmas)
    say("looking for a proof that rests on statements without a proof")
    context.proved_only = False
    while (finish := _proof(context, focused, budget)) is not None:
        named = named_among(context.unproved, finish)
        refuted = {name for name in named if _is_false(context, hole, name, seed)}
        if not refuted:
            return replace(given, finish=finish, rests_on=tuple(sorted(named)), lemmas=lemmas)
        context.false |= refuted
    return replace(given, lemmas=lemmas)


def _proof(context: Context, before: str, budget: Budget) -> str | None:
    """A proof of the goal that is open behind `before`."""
    try:
        step = Search(context, before, budget).run()
    except Spent:
        return None
    if step is None or not context.session.run(f"{written(step)}\n}}", LOAD_SECONDS, before=before, goals=False).ok:
        return None
    return written(step)


def _is_false(context: Context, hole: Hole, name: str, seed: int) -> bool:
    """Whether values refute a statement of the project, which is read where `hole` stands."""
    again = f"{hole.name}_again"
    typed = f"Lemma {again} : ltac:(let said := type of (@{name.rpartition('.')[2]}) in exact said)."
    closed = theory.read_closed(context, replace(hole, name=again, statement=typed, proof=""), REFUTE_SECONDS)
    return closed is not None and theory.counterexample(context, closed, seed, REFUTE_SECONDS) is not None


def _lemmas(
    solver: Solver, statements: Iterable[str], focused: str, budget: Budget, unfinished: bool
) -> Iterator[tuple[Suggestion, ...]]:
    """Those of the statements that are proved, ranked, after each of them all so far.

    If `unfinished`, with a proof of the goal that one leads to.
    """
    suggestions: list[tuple[Helper, str | None]] = []
    for statement in statements:
        if budget.left <= 0:
            break
        helper = solver.prove_helper(theory.readable(solver.context, statement), budget)
        if helper is not None:
            finished = not unfinished or any(end for _, end in suggestions)
            end = None if finished else _finish(solver, helper, focused, budget)
            suggestions.append((helper, end))
            solver.helpers.append(helper)
            ranked = sorted(suggestions, key=lambda pair: (pair[1] is None, len(pair[0].statement)))
            yield in_order([(one.name, Suggestion(one.text, end)) for one, end in ranked])


def in_order(ranked: Sequence[tuple[str, Suggestion]]) -> tuple[Suggestion, ...]:
    """Lemmas, given with their names, best first, but each after those that it or its `finish` names.

    The names, which end in numbers, are given out anew in that order.
    """
    by_name = dict(ranked)
    done: dict[str, Suggestion] = {}

    def place(name: str) -> None:
        one = by_name[name]
        for rests_on in _named(one, by_name.keys() - done.keys() - {name}):
            place(rests_on)
        done[name] = one

    for name in by_name:
        if name not in done:
            place(name)
    new = in_turn(done)
    return tuple(
        Suggestion(rename(one.lemma, new), rename(one.finish, new) if one.finish is not None else None)
        for one in done.values()
    )


def _named(one: Suggestion, names: Set[str]) -> list[str]:
    """Those of the names that a lemma or its `finish` has, in order of appearance."""
    texts = f"{one.lemma}\n{one.finish or ''}"
    return list(dict.fromkeys(found.text for found in identifiers(texts) if found.text in names))


def _finish(solver: Solver, helper: Helper, focused: str, budget: Budget) -> str | None:
    """A proof of the goal with one lemma more."""
    context, lemmas = solver.context, [*solver.helpers, helper]
    before = "\n".join([*(one.text for one in lemmas), focused])
    known = tuple(one.premise for one in lemmas)
    try:
        step = Search(context, before, Budget(context, RETRY_SECONDS, budget), extra=known).run(LEVELS[:4])
    except Spent:
        return None
    return written(step) if step is not None else None


def _as_lemma(context: Context, hole: Hole, hypotheses: tuple[str, ...], conclusion: str) -> Hole:
    """The goal as a statement of its own, in the place of the one whose proof it comes from."""
    around = context.session.run("idtac.", LOAD_SECONDS, before="Goal True.\nProof.")
    outer = set(around.goals[0].hypotheses) if around.goals else set[str]()
    binders = " ".join([f"({text.replace(',', '')})" for text in hypotheses if text not in outer])
    name = f"{hole.name}_goal"
    text = f"forall {binders}, {conclusion}" if binders else conclusion
    return replace(hole, name=name, statement=f"Lemma {name} : {text}.", proof="")
