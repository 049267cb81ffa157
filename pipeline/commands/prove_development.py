"""`prove` on a development of the user's own: a Rocq file or folder."""

from __future__ import annotations

import json as json_text
import os
import re
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from domain import UserError
from library_store.files import lock, write_atomically
from pipeline.commands import MOST_SECONDS, STATUSES
from pipeline.config import RunSettings
from pipeline.development.project.options import HOLE_SECONDS, Options
from pipeline.development.record import Record
from pipeline.development.results import Result, summary
from pipeline.development.search.writing import Writer, open_writer
from pipeline.development.watching import Saved, Watched
from pipeline.development.work import Work
from pipeline.loop.progress import Progress
from pipeline.report.results import write_page
from pipeline.words import counted

NAME = re.compile(r"[^\W\d][\w']*(?:\.[^\W\d][\w']*)*")
"""A name of the prover's, perhaps with the modules that it stands in."""


def prove_development(
    target: Path,
    out: Path,
    settings: RunSettings,
    *,
    names: tuple[str, ...],
    use: tuple[str, ...],
    jobs: int | None,
    limit: int | None,
    cpu_seconds: float | None,
    library: Path | None,
    library_round: int | None,
    steps: Path | None,
    erase: bool,
    sample: int | None,
    seed: int | None,
    in_place: bool,
    watch: bool,
    json: bool,
) -> int:
    """Proves the holes of a file or folder."""
    if erase and in_place:
        raise UserError("--in-place goes with holes of your own: with --erase, look at patch.diff instead")
    if cpu_seconds is not None and not 0 < cpu_seconds <= MOST_SECONDS:
        raise UserError(f"--cpu-seconds must be greater than zero and at most {MOST_SECONDS}")
    if (sample is not None and not erase) or (seed is not None and sample is None):
        raise UserError("--sample N goes with --erase, and --seed with --sample")
    if sample is not None and (sample < 1 or names or limit is not None):
        raise UserError("--sample must be at least 1, and goes without --names and --limit")
    if watch and (erase or in_place or json):
        raise UserError("--watch goes without --erase, --in-place and --json")
    if jobs is not None and jobs < 1:
        raise UserError("--jobs must be at least 1")
    for name in use:
        if not NAME.fullmatch(name):
            raise UserError(f"--use {name}: this is not the name of a lemma")
    options = Options(
        seconds=cpu_seconds or HOLE_SECONDS,
        seed=settings.seed,
        memory_bytes=settings.verifiers.memory_mib << 20,
        names=names,
        limit=limit,
        erase=erase,
        sample=None if sample is None else (sample, seed or 0),
        library=library,
        library_round=library_round,
        steps=steps,
        use=use,
        jobs=len(os.sched_getaffinity(0)) if jobs is None else jobs,
    )
    writer = open_writer(settings)
    if watch:
        return _watch(target, out, options, writer)
    work = Work(target, out, options, writer)
    if not work.holes:
        print(f"{target} has no hole: no statement {'has a finished proof' if erase else 'is admitted'}")
        return 0
    with _alone(out):
        return _prove(work, seed or 0, in_place=in_place, json=json)


@contextmanager
def _alone(out: Path) -> Generator[None]:
    """The directory as one of `prove` on a development, into which no other command writes while this lasts."""
    Record(out).begin()
    held = lock(out / "lock", f"writes into {out}", "wait until it ends, or choose another --out")
    try:
        yield
    finally:
        os.close(held)


def _prove(work: Work, seed: int, *, in_place: bool, json: bool) -> int:
    out, options = work.out, work.options
    with Progress(out / "logs" / "prove.log") as progress:
        progress.say(f"{counted(work.holes, 'hole')}, {options.seconds:g} CPU seconds each")
        results = work.run(progress.say)
    page = write_page(out)
    if len(work.refused) == len(results):
        reasons = list(dict.fromkeys(result.reason for result in results))
        more = f" (and {len(reasons) - 1} more: {page})" if len(reasons) > 1 else ""
        raise UserError(f"nothing could be tried: {reasons[0]}{more}: mend this and give the command again")
    changed = work.apply() if in_place else []
    refill = _refill(out, results, seed) if options.sample is not None else {}
    if json:
        print(json_text.dumps(_counts(results) | refill))
        return 0
    _show(work, changed)
    if refill:
        print(f"{refill['refilled']} of {refill['erased']} erased proofs are found again: {refill['share']:.0%}")
    print(f"Results: {page}, {out / 'results.jsonl'}")
    return 0


def _watch(target: Path, out: Path, options: Options, writer: Writer | None) -> int:
    """Works on what is left whenever a file is saved, first on what was saved, until it is interrupted."""
    with _alone(out), Progress(out / "logs" / "prove.log") as progress:
        watched = Watched(target)
        saved: frozenset[Path] = frozenset()
        try:
            while True:
                try:
                    work = Work(target, out, options, writer, first=saved)
                    progress.say(f"{counted(work.holes, 'hole')}, {options.seconds:g} CPU seconds each")
                    with watched.interrupts():
                        work.run(progress.say)
                    write_page(out)
                    _show(work, [])
                    sys.stdout.flush()
                except UserError as error:
                    progress.say(" ".join(str(error).split()))
                except Saved:
                    saved = watched.changed()
                    continue
                progress.say("waiting for a file to be saved; Ctrl-C ends this")
                saved = watched.wait()
        except KeyboardInterrupt:
            progress.say(f"no longer watching; what was found is in {out}")
    return 0


def _counts(results: Sequence[Result]) -> dict[str, Any]:
    return {status: sum(result.status == status for result in results) for status in STATUSES}


def _show(work: Work, changed: Sequence[Path]) -> None:
    """What is left to do, how many holes became what, and where the proofs are."""
    left = summary(work.results)
    print(f"{left}\n" if left else "", end="")
    print(", ".join(f"{count} {status}" for status, count in _counts(work.results).items()))
    if changed:
        print(f"Patched: {', '.join(map(str, changed))}")
    elif work.patch():
        print(f"Patch: {work.out / 'patch.diff'}")
    else:
        print("No new proof, so nothing to patch")


def _refill(out: Path, results: Sequence[Result], seed: int) -> dict[str, Any]:
    """What share of the erased proofs is found again, written to `refill.json` too."""
    found = [result for result in results if result.status == "proved"]
    files = dict.fromkeys(result.file for result in results)
    told = {
        "seed": seed,
        "erased": len(results),
        "refilled": len(found),
        "share": round(len(found) / len(results), 4),
        "cpu_seconds": round(sum(result.cpu_seconds for result in results), 3),
        "files": {
            file: {
                "erased": sum(result.file == file for result in results),
                "refilled": sum(result.file == file for result in found),
            }
            for file in files
        },
    }
    write_atomically(out / "refill.json", f"{json_text.dumps(told, indent=1, ensure_ascii=False)}\n".encode())
    return told
