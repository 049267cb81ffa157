"""The end of a run: the whole library is verified once more, independently, and becomes `rechecked`.

All lemmas of one prelude are one development (`recheck` in each prover's folder of `verifiers.audit`): fresh processes,
the statements first, the full checker over what is compiled, nothing from the run's caches. A development that fails is
cut in halves until the first lemma that spoils it is found: that lemma is retired, with every lemma whose proof uses
it, and problems whose proofs rest on one of these are open again. Then the rest is verified once more.

Invariant (docs/trust.md): a lemma is `rechecked` only if it was part of a development that was accepted whole, with
that trust. Where the prover has no checker it stays `audited`, and the event `rechecked` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

from actors.cluster import gather
from domain import Development, Lemma, Verdict
from library_store.state import REFUSED
from pipeline.loop.context import RunContext
from pipeline.loop.progress import Progress
from pipeline.loop.workers import Workers
from pipeline.words import counted
from verifiers.canonical import canonical_header


class Rechecked(NamedTuple):
    """How many lemmas are `rechecked` now, how many were retired for it, and how many could not be judged."""

    lemmas: int
    failed: int
    left: int


class _Judged(NamedTuple):
    """What became of the lemmas of one prelude: `bad` were refused, `reason` says why others were not judged."""

    good: tuple[str, ...]
    bad: dict[str, str]
    reason: str
    cpu_seconds: float


def recheck(context: RunContext, workers: Workers, progress: Progress) -> Rechecked:
    """Verifies all lemmas of the library together, and records what came of it."""
    by_prelude: dict[str, list[Lemma]] = {}
    lemmas = workers.library.unrefused()
    for lemma in lemmas:
        if lemma.prelude_id in context.preludes:
            by_prelude.setdefault(context.preludes[lemma.prelude_id], []).append(lemma)
    if not lemmas:
        open_again(workers, progress)
        return Rechecked(0, 0, 0)
    progress.stage(f"recheck {counted(len(lemmas), 'lemma')}")
    known = workers.library.all_definitions()
    good: list[str] = []
    failed: list[str] = []
    reasons: list[str] = []
    for number, (prelude, members) in enumerate(by_prelude.items()):
        verifier = workers.verifiers[number % len(workers.verifiers)]

        def check(chosen: Sequence[Lemma], prelude: str = prelude, verifier: Any = verifier) -> Verdict:
            needed = {name for lemma in chosen for name in lemma.definition_ids}
            header = canonical_header(prelude, [one for one in known.values() if one.id in needed])
            development = Development(header, context.preamble(chosen[0].prelude_id), tuple(chosen))
            return gather([verifier.handle.recheck.remote(development)])[0]

        judged = judge(members, check, workers.library.resting_on)
        good += judged.good
        failed += judged.bad
        reasons += [judged.reason] if judged.reason else []
        _record(workers, progress, judged)
    workers.library.set_trust(good, "rechecked")
    open_again(workers, progress)
    left = len(lemmas) - len(good) - len(failed)
    why = next(iter(reasons), "their prelude is not this run's") if left else ""
    detail = {"failed": len(failed), "not_judged": left} | ({"why": why} if left else {})
    workers.library.add_event("rechecked", count=len(good), detail=detail)
    if left:
        progress.say(f"{left} lemmas stay audited only: {why}")
    return Rechecked(len(good), len(failed), left)


def judge(
    lemmas: Sequence[Lemma],
    check: Callable[[Sequence[Lemma]], Verdict],
    resting_on: Callable[[str], Collection[str]],
) -> _Judged:
    """Check lemmas together, leaving out those that are refused and what rests on them, until the rest is accepted.

    Args:
        lemmas: each after those that it uses.
        check: the verdict on some of them together.
        resting_on: ids of those whose proofs use a lemma, directly or through others.
    """
    bad: dict[str, str] = {}
    spent = 0.0

    def verdict_on(chosen: Sequence[Lemma]) -> Verdict:
        nonlocal spent
        verdict = check(chosen)
        spent += verdict.seconds
        return verdict

    rest = list(lemmas)
    while rest:
        verdict = verdict_on(rest)
        if verdict.trust == "audited":
            return _Judged((), bad, next(message.text for message in verdict.messages), spent)
        if verdict.accepted:
            break
        said = f"{verdict.reason}: {next((message.text for message in verdict.messages), '')}"
        if verdict.verdict != "rejected":
            return _Judged((), bad, f"a recheck came to no verdict ({said})", spent)
        accepted, refused = 0, len(rest)
        while refused - accepted > 1:
            middle = (accepted + refused) // 2
            verdict = verdict_on(rest[:middle])
            if verdict.accepted:
                accepted = middle
                continue
            told = f"{verdict.reason}: {next((message.text for message in verdict.messages), '')}"
            if verdict.verdict != "rejected":
                return _Judged((), bad, f"a recheck came to no verdict ({told})", spent)
            refused, said = middle, told
        spoiler = rest[refused - 1]
        resting = resting_on(spoiler.id)
        bad[spoiler.id] = said
        bad |= {one.id: f"rests on {spoiler.canonical_name}" for one in rest if one.id in resting}
        rest = [lemma for lemma in rest if lemma.id not in bad]
    return _Judged(tuple(lemma.id for lemma in rest), bad, "", spent)


def _record(workers: Workers, progress: Progress, judged: _Judged) -> None:
    """Retire what was refused, and say so."""
    for name, reason in judged.bad.items():
        progress.say(f"LEMMA REFUSED by the recheck, retired with all that rests on it: {name[:16]}: {reason}")
    workers.library.refuse(judged.bad)


def open_again(workers: Workers, progress: Progress) -> None:
    """Open problems whose proofs rest on refused lemmas, and refuse lemmas whose proofs do.

    A session begins with this too: a recheck may have been stopped when it had refused a lemma, and a proof of it that
    is found later does not mend the texts that hold the refused one.
    """
    workers.library.refuse(dict.fromkeys(workers.library.on_refused(), "rests on a lemma that was refused"))
    for name in workers.library.proved_on_refused():
        progress.say(f"problem {name} is open again: its proof rests on a lemma that the recheck refused")
        workers.library.set_problem(name, "open", reason=REFUSED)
