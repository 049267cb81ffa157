"""Verdicts by content key, in memory and in a file that processes share."""

import json
import multiprocessing
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import Candidate, Message, Problem, Verdict
from verifiers.audit import cache as cache_module
from verifiers.audit.cache import Judged, VerdictCache, candidate_key, content_key

TEXTS = st.lists(st.text())
ACCEPTED = Verdict("accepted", "proved", "audited", axioms=("a",), uses=("l1",), seconds=1.5, prover="rocq 8")
REJECTED = Verdict("rejected", "does_not_compile", "none", (Message("error", "not found: \ud800 é", 3, 7),))


@given(TEXTS, TEXTS)
def test_different_contents_have_different_keys(one: list[str], other: list[str]) -> None:
    assert (content_key(*one) == content_key(*other)) == (one == other)


def test_what_may_come_out_otherwise_is_not_kept(tmp_path: Path) -> None:
    for cache in (VerdictCache(10), VerdictCache(10, tmp_path / "file")):
        cache.put("timeout", Verdict("timeout", "timeout", "none"))
        cache.put("error", Verdict("error", "prover_error", "none"))
        cache.put("accepted", ACCEPTED)
        cache.put("rejected", Verdict("rejected", "axiom", "none"))
        assert len(cache) == 2
        assert cache.get("timeout") is None
        assert cache.get("accepted") == ACCEPTED
    again = VerdictCache(10, tmp_path / "file")
    assert [again.get(key) is None for key in ("timeout", "error", "accepted", "rejected")] == [
        True,
        True,
        False,
        False,
    ]


def test_the_least_recently_used_verdict_makes_room() -> None:
    cache = VerdictCache(2)
    for key in ("a", "b"):
        cache.put(key, ACCEPTED)
    assert cache.get("a")
    cache.put("c", ACCEPTED)
    assert [cache.get(key) is not None for key in ("a", "b", "c")] == [True, False, True]


def test_another_process_reads_what_one_wrote(tmp_path: Path) -> None:
    first, second = VerdictCache(10, tmp_path / "cache" / "file"), VerdictCache(10, tmp_path / "cache" / "file")
    first.put("a", ACCEPTED)
    first.put("b", REJECTED)
    assert second.get("a") == ACCEPTED
    assert second.get("b") == REJECTED
    assert (tmp_path / "cache" / "file").stat().st_mode & 0o077 == 0


def write_many(path: Path, writer: int) -> None:
    cache = VerdictCache(100_000, path)
    for number in range(300):
        cache.put(f"{writer} {number}", ACCEPTED)
        cache.put(f"shared {number}", ACCEPTED)
    assert cache.notice is None


def test_several_processes_write_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(tmp_path / "file", number)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * 4
    cache = VerdictCache(100_000, tmp_path / "file")
    keys = [f"{who} {number}" for who in (0, 1, 2, 3, "shared") for number in range(300)]
    assert all(cache.get(key) == ACCEPTED for key in keys)
    with sqlite3.connect(tmp_path / "file") as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert file.execute("SELECT count(*) FROM verdicts").fetchone() == (len(keys),)


def test_the_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "PRUNED_EVERY", 10)
    cache = VerdictCache(20, tmp_path / "file")
    for number in range(105):
        cache.put(str(number), ACCEPTED)
    with sqlite3.connect(tmp_path / "file") as file:
        assert file.execute("SELECT count(*) FROM verdicts").fetchone()[0] < 30
    assert VerdictCache(20, tmp_path / "file").get("104") == ACCEPTED
    assert VerdictCache(20, tmp_path / "file").get("50") is None


@pytest.mark.parametrize("damage", [b"no database", b"SQLite format 3\x00" + b"\x07" * 5000, b""])
def test_a_file_that_is_no_database_is_not_used_and_told(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(damage)
    cache = VerdictCache(10, path)
    cache.put("a", ACCEPTED)
    assert cache.get("a") == ACCEPTED
    if damage:
        assert cache.notice is not None
        assert str(path) in cache.notice
        assert path.read_bytes() == damage
    else:
        assert cache.notice is None


def test_damage_done_while_it_is_open_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    first = VerdictCache(1000, path)
    for number in range(200):
        first.put(str(number), ACCEPTED)
    first.close()
    cache = VerdictCache(1000, path)
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    assert [cache.get(str(number)) for number in range(200)] == [None] * 200
    assert cache.notice is not None


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "timeout"},
        {"trust": "certain"},
        {"reason": "magic"},
        {"more": 1},
        {"axioms": 3},
        {"messages": [{"text": 1}]},
    ],
)
def test_a_row_that_is_no_verdict_is_absent(tmp_path: Path, change: dict[str, object]) -> None:
    VerdictCache(10, tmp_path / "file").put("a", ACCEPTED)
    with sqlite3.connect(tmp_path / "file") as file:
        row = json.loads(file.execute("SELECT verdict FROM verdicts").fetchone()[0])
        text = json.dumps(row | change)
        file.execute("UPDATE verdicts SET verdict = ?, digest = ?", (text, content_key("a", text)))
    assert VerdictCache(10, tmp_path / "file").get("a") is None


def test_a_damaged_row_or_one_moved_to_another_key_is_absent(tmp_path: Path) -> None:
    cache = VerdictCache(10, tmp_path / "file")
    cache.put("a", ACCEPTED)
    cache.put("b", REJECTED)
    with sqlite3.connect(tmp_path / "file") as file:
        file.execute("UPDATE verdicts SET verdict = replace(verdict, 'proved', 'proven') WHERE key = 'a'")
        file.execute("UPDATE verdicts SET key = 'c' WHERE key = 'b'")
    fresh = VerdictCache(10, tmp_path / "file")
    assert [fresh.get(key) for key in ("a", "b", "c")] == [None] * 3


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    cache = VerdictCache(10, tmp_path / "cache" / "file")
    cache.put("a", ACCEPTED)
    assert cache.notice is not None
    assert cache.get("a") == ACCEPTED


def test_an_allowed_axiom_is_not_taken_for_a_lemma() -> None:
    name, statement, proof = "l0", "True", "exact I."
    problem = Problem("p", "rocq", "", "Lemma p : True.", allowed_axioms=("", name, statement, proof))
    asked = Candidate(problem, "exact I.")
    plain = Candidate(replace(problem, allowed_axioms=()), "exact I.")
    keys = {candidate_key("audit", ("rocq",), one, ()) for one in (asked, plain)}
    assert len(keys) == 2
    assert candidate_key("audit", ("rocq", ""), plain, ()) != candidate_key("audit", ("rocq",), plain, ())


def test_a_batch_is_judged_once_each_in_order() -> None:
    seen: list[str] = []

    def judge(new: Sequence[Candidate]) -> list[Verdict]:
        seen.extend(one.proof for one in new)
        return [Verdict("rejected", "does_not_compile", "none", (Message("error", one.proof),)) for one in new]

    problem = Problem("p", "rocq", "", "Lemma p : True.")
    batch = [Candidate(problem, text) for text in ("a.", "b.", "a.")]
    judged = Judged(VerdictCache(10), lambda: "rocq 8", "", lambda _: ())
    for _ in range(2):
        verdicts = judged.answer("check", 1.0, batch, judge)
        assert [one.messages[0].text for one in verdicts] == ["a.", "b.", "a."]
        assert {one.prover for one in verdicts} == {"rocq 8"}
    assert seen == ["a.", "b."]


PROGRAM = """
import sys
from pathlib import Path
from domain import Candidate, Problem, Verdict
from verifiers.audit.cache import Judged, VerdictCache
moment, cache = sys.argv[1:]
def edit():
    with Path("verifiers/audit/words.py").open("a") as file:
        file.write("# edited")
def judge(batch):
    if moment == "while it judges":
        edit()
    return [Verdict("accepted", "proved", "audited")]
if moment == "before the first question":
    edit()
asked = 0
def counted(batch):
    global asked
    asked += len(batch)
    return judge(batch) if batch else []
judged = Judged(VerdictCache(10, Path(cache)), lambda: "rocq 8", "", lambda _: ())
for _ in range(2):
    judged.answer("audit", 1.0, [Candidate(Problem("p", "rocq", "", "Lemma p : True."), "exact I.")], counted)
print(asked)
"""


@pytest.mark.parametrize(
    ("moment", "questions"), [("never", [1, 0]), ("before the first question", [1, 1]), ("while it judges", [2, 1])]
)
def test_a_process_whose_program_is_edited_leaves_no_verdict_to_the_edited_one(
    repository: Path, tmp_path: Path, moment: str, questions: list[int]
) -> None:
    for room in ("verifiers", "term_algebra"):
        shutil.copytree(repository / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(repository / "domain.py", tmp_path)
    asked = [
        int(subprocess.check_output([sys.executable, "-c", PROGRAM, one, "cache"], cwd=tmp_path, text=True))
        for one in (moment, "never")
    ]
    assert asked == questions


def test_a_check_accepts_nothing_and_no_audit_takes_its_word() -> None:
    judged = Judged(VerdictCache(10), lambda: "rocq 8", "", lambda _: ())
    batch = [Candidate(Problem("p", "rocq", "", "Lemma p : True."), "exact I.")]
    with pytest.raises(ValueError, match="accepts nothing"):
        judged.answer("check", 1.0, batch, lambda _: [ACCEPTED])
    warm = replace(ACCEPTED, trust="elaborated")
    assert not judged.answer("check", 1.0, batch, lambda _: [warm])[0].accepted
    refused = Verdict("rejected", "axiom", "none")
    assert judged.answer("audit", 1.0, batch, lambda _: [refused])[0].verdict == "rejected"
