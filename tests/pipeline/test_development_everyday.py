"""What makes `prove` on a development fit for every day: lemmas given by hand, several files at once, and second runs
that cost little. With a real prover."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from pipeline.__main__ import main
from pipeline.development import file_work
from pipeline.development.project.coq_project import find
from pipeline.development.project.options import Options
from pipeline.development.project.source import read_sources
from pipeline.development.work import Work


def written(folder: Path, **files: str) -> Path:
    """A development with these files, its logical name `Demo`."""
    folder.mkdir(exist_ok=True)
    (folder / "_CoqProject").write_text("-Q . Demo\n")
    for name, text in files.items():
        (folder / f"{name}.v").write_text(text)
    return folder


def rows(out: Path) -> dict[str, dict[str, object]]:
    return {row["name"]: row for row in map(json.loads, (out / "results.jsonl").read_text().splitlines())}


ENDLESS = "Axiom p : nat -> Prop. Lemma hard : forall n, p n. Admitted.\n"

FAR = """Axiom P Q : nat -> Prop.
Definition promise := forall n, P n -> Q n.
Axiom key : promise.
Theorem opened : forall n, P n -> Q n.
Proof. Admitted.
Lemma below : True. Proof. exact I. Qed.
"""


def test_lemmas_given_by_hand_come_first(tmp_path: Path) -> None:
    folder = written(tmp_path / "dev", Base=FAR.partition("Theorem")[0], Far=f"From Demo Require Base.\n{FAR}")
    command = ["prove", str(folder), "--cpu-seconds", "6", "--out", str(tmp_path / "out"), "--limit", "1"]
    assert main([*command, "--use", "key, Base.key"]) == 0  # nothing in the goal says that `key` has to do with it
    row = rows(tmp_path / "out")["opened"]
    assert row["status"] == "proved"
    assert "key" in str(row["proof"])


@pytest.mark.parametrize(
    ("use", "said"), [("key,nowhere", "--use nowhere: "), ("below", "--use below: "), ("x. y", "--use x. y: ")]
)
def test_a_lemma_that_no_hole_can_see_is_one_line_before_any_search(
    use: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path / "dev", Far=FAR)
    assert main(["prove", str(folder), "--use", use, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert error[-1].startswith(f"error: {said}")
    assert not (tmp_path / "out" / "results.jsonl").exists()


def test_lemmas_by_hand_go_with_a_development(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "bundled", "--use", "key", "--out", "nowhere"]) == 2
    assert "--use goes with a development" in capsys.readouterr().err


CHAIN = {
    "A": "Definition k := 1.\nLemma one : k = 1. Admitted.\nLemma no : k = 2. Admitted.\n",
    "B": "From Demo Require Import A.\nLemma still : k = 1. Admitted.\n",
    "C": "Lemma other : True. Admitted.\n",
    "D": "From Demo Require Import A B C.\nLemma last : k = 1 /\\ True. Admitted.\n",
}
OPTIONS = Options(seconds=6.0, seed=0, memory_bytes=2 << 30)


def run(folder: Path, out: Path, options: Options = OPTIONS) -> list[str]:
    """The lines of progress of `prove` on a development."""
    said: list[str] = []
    Work(folder, out, options).run(said.append)
    return said


def costs(row: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in row.items() if key != "cpu_seconds"}


def test_files_at_once_come_to_the_same_as_one_after_the_other(tmp_path: Path) -> None:
    folder = written(tmp_path / "dev", **CHAIN)
    command = ["prove", str(folder), "--cpu-seconds", "6"]
    assert main([*command, "--out", str(tmp_path / "one"), "--jobs", "1"]) == 0
    assert main([*command, "--out", str(tmp_path / "two"), "--jobs", "2"]) == 0
    one, two = rows(tmp_path / "one"), rows(tmp_path / "two")
    assert [costs(row) for row in one.values()] == [costs(row) for row in two.values()]
    assert {name: row["status"] for name, row in one.items()} == dict.fromkeys(one, "proved") | {"no": "refuted"}
    assert (tmp_path / "one" / "patch.diff").read_text() == (tmp_path / "two" / "patch.diff").read_text()


def test_what_has_not_changed_is_not_judged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, out = written(tmp_path / "dev", **CHAIN), tmp_path / "out"
    run(folder, out)
    before = (out / "results.jsonl").read_text(), (out / "patch.diff").read_text()
    with monkeypatch.context() as patched:
        patched.setattr(file_work, "work_on", None)
        patched.setattr("verifiers.audit.rocq.development.Prover.compile", None)
        (said,) = run(folder, out)
    assert said.startswith("4 files with 5 holes: nothing has changed since the last time")
    assert before == ((out / "results.jsonl").read_text(), (out / "patch.diff").read_text())
    written(folder, C=CHAIN["C"].replace("True", "True /\\ True"))
    told = run(folder, out)
    assert told[0].startswith("2 files with 3 holes: nothing has changed")
    assert [line.split(":")[0] for line in told[1:]] == ["C.v", "C.v", "D.v", "D.v"]
    assert {name: row["status"] for name, row in rows(out).items()}["last"] == "proved"


def test_what_was_judged_counts_for_the_same_budget_options_and_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = written(tmp_path / "dev", Main="Axiom p : nat -> Prop.\nLemma a : p 3. Admitted.\n"), tmp_path / "out"
    tried = out / "tried.jsonl"

    def counts(seconds: float = 1.0, seed: int = 0) -> int:
        """How often the hole was tried by then."""
        run(folder, out, replace(OPTIONS, seconds=seconds, seed=seed))
        return len(tried.read_text().splitlines())

    assert counts() == 1
    assert counts() == 1
    assert counts(seconds=0.5) == 1
    assert counts(seconds=1.5) == 2
    assert counts(seconds=1.5, seed=1) == 3
    monkeypatch.setattr("pipeline.development.record.versions", lambda: "others")
    assert counts(seconds=1.5, seed=1) == 4  # a newer program may find what this one has not


def test_an_interruption_ends_all_processes_and_keeps_what_was_tried(tmp_path: Path) -> None:
    hard = "Axiom p : nat -> nat -> Prop.\nLemma easy : True. Admitted.\nLemma hard : forall n m, p n m. Admitted.\n"
    folder = written(tmp_path / "dev", A=hard, B=hard.replace("hard", "harder").replace("easy", "light"))
    command = [sys.executable, "-m", "pipeline", "prove", str(folder), "--cpu-seconds", "300", "--jobs", "2"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    tried = tmp_path / "out" / "tried.jsonl"
    until = time.monotonic() + 120
    while not (tried.exists() and len(tried.read_text().splitlines()) == 2):
        assert time.monotonic() < until
        time.sleep(0.2)
    started = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("interrupted: to resume")
    assert "Traceback" not in said
    assert psutil.wait_procs(started, timeout=20)[1] == []


FINISHED = """Lemma a : 1 = 1. Proof. reflexivity. Qed.
Lemma b : True. Proof. exact I. Qed.
Definition kept : True. Proof. exact I. Defined.
Lemma own : 2 = 2. Admitted.
"""


def test_a_process_that_is_killed_costs_its_file_and_why_is_told(tmp_path: Path) -> None:
    files = {name: f"Lemma {name} : True. Admitted.\n{ENDLESS}" for name in "abc"}
    folder, out = written(tmp_path / "dev", **files), tmp_path / "out"
    command = [sys.executable, "-m", "pipeline", "prove", str(folder), "--jobs", "3", "--cpu-seconds", "200"]
    process = subprocess.Popen(
        [*command, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        until = time.monotonic() + 120
        while not ((out / "tried.jsonl").exists() and len((out / "tried.jsonl").read_text().splitlines()) == 3):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.2)
        children = psutil.Process(process.pid).children()
        workers = [one for one in children if any("spawn_main" in word for word in one.cmdline())]
        for worker, number in zip(workers, (signal.SIGKILL, signal.SIGABRT, signal.SIGTERM), strict=True):
            worker.send_signal(number)
        assert process.wait(timeout=60) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
    said = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    assert {row["status"] for row in said} == {"error"}
    reasons = sorted({row["reason"].partition(".v ")[2] for row in said})
    assert reasons == [
        "ended before it was done (exit code 0): give the command again",
        "was ended by a signal (Aborted): give the command again",
        "was killed, perhaps by the system for want of memory: a smaller --jobs leaves more to each",
    ]


def test_a_sample_of_finished_proofs_is_erased_and_the_share_that_is_found_again_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hard = "Axiom p : nat -> Prop. Axiom far : forall n, p n. Lemma c : p 3.\nProof. apply far. Qed.\n"
    folder = written(tmp_path / "dev", One=FINISHED, Two=hard)
    command = ["prove", str(folder), "--erase", "--cpu-seconds", "6"]
    assert main([*command, "--sample", "2", "--out", str(tmp_path / "two"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["erased"], told["refilled"], told["share"], told["proved"]) == (2, 2, 1.0, 2)
    drawn = set(rows(tmp_path / "two"))
    assert drawn < {"a", "b", "c"}
    others = set()
    for seed in range(1, 9):
        options = replace(OPTIONS, erase=True, sample=(2, seed))
        others |= {hole.qualified for one in read_sources(folder, find(folder), options) for hole in one.holes}
    assert others == {"a", "b", "c"}
    assert main([*command, "--sample", "9", "--out", str(tmp_path / "all")]) == 0
    assert "3 of 3 erased proofs are found again: 100%" in capsys.readouterr().out
    measured = json.loads((tmp_path / "all" / "refill.json").read_text())
    assert measured["files"] == {"One.v": {"erased": 2, "refilled": 2}, "Two.v": {"erased": 1, "refilled": 1}}
    assert main([*command[:2], "--sample", "1", "--out", str(tmp_path / "no")]) == 2
    assert main([*command, "--seed", "1", "--out", str(tmp_path / "no")]) == 2


def compiles(process: psutil.Process, file: str) -> bool:
    try:
        return process.name().startswith("coqc") and process.cmdline()[-1:] == [file]
    except psutil.Error:
        return False


def test_an_interruption_waits_for_no_compilation(tmp_path: Path) -> None:
    slow = "Lemma a : True. Admitted.\nGoal True. do 1000000000 idtac. Abort.\n"
    folder = written(tmp_path / "dev", A=slow, B=slow.replace("a :", "b :"))
    command = [sys.executable, "-m", "pipeline", "prove", str(folder), "--jobs", "2", "--out", str(tmp_path / "out")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    until = time.monotonic() + 120
    while not any(compiles(one, "A.v") for one in psutil.Process(process.pid).children(recursive=True)):
        assert time.monotonic() < until
        time.sleep(0.2)
    started = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in said) == (130, False)
    assert psutil.wait_procs(started, timeout=20)[1] == []


def test_the_same_command_goes_on_when_no_file_compiled_before(tmp_path: Path) -> None:
    folder = written(tmp_path / "dev", A="Lemma a : nothing. Admitted.\n")
    command = ["prove", str(folder), "--out", str(tmp_path / "out")]
    assert main(command) == 2
    written(folder, A="Lemma a : True. Admitted.\n")
    assert main(command) == 0


@pytest.mark.parametrize(("first", "more"), [(["--watch"], []), ([], ["--watch"])])
def test_a_second_command_into_the_same_directory_is_refused_in_one_line(
    first: list[str], more: list[str], tmp_path: Path
) -> None:
    folder, out = written(tmp_path / "dev", A=f"Lemma a : True. Admitted.\n{ENDLESS}"), tmp_path / "out"
    command = [sys.executable, "-m", "pipeline", "prove", str(folder), "--out", str(out), "--cpu-seconds"]
    process = subprocess.Popen([*command, "200", *first], stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        until = time.monotonic() + 120
        while not ((out / "tried.jsonl").exists() and (out / "tried.jsonl").read_text()):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.2)
        log = (out / "logs" / "prove.log").read_text()
        second = subprocess.run([*command, "1", *more], capture_output=True, text=True, timeout=300, check=False)
        assert (second.returncode, second.stdout) == (2, "")
        (line,) = second.stderr.splitlines()
        assert f"another process (pid {process.pid} on " in line
        assert line.endswith(f"writes into {out}: wait until it ends, or choose another --out")
        assert (out / "logs" / "prove.log").read_text() == log
    finally:
        os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == (0 if first else 130)


def test_saved_files_are_gone_on_with_until_ctrl_c(tmp_path: Path) -> None:
    folder, out = written(tmp_path / "dev", A="Lemma a : True. Admitted.\n"), tmp_path / "out"
    (folder / "Latin.v").write_bytes("(* café *)".encode("latin-1"))
    command = [sys.executable, "-m", "pipeline", "prove", str(folder), "--watch", "--jobs", "1", "--cpu-seconds", "200"]
    process = subprocess.Popen(
        [*command, "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )

    def wait_for(*tried: str) -> None:
        until = time.monotonic() + 120
        while True:
            assert time.monotonic() < until
            assert process.poll() is None
            lines = (out / "tried.jsonl").read_text().splitlines() if (out / "tried.jsonl").exists() else []
            if [json.loads(line)["name"] for line in lines] == list(tried):
                return
            time.sleep(0.2)

    wait_for("a")
    while "waiting for a file to be saved" not in (out / "logs" / "prove.log").read_text():
        time.sleep(0.2)
    written(folder, A="Lemma a : (* is open *")  # as it is while one types
    time.sleep(2)
    written(folder, A="Lemma a : True. Admitted.\n", B="Lemma b : 1 = 1. Admitted.\n" + ENDLESS)
    wait_for("a", "b")
    written(folder, C="Lemma c : 2 = 2. Admitted.\n")  # while `hard` is tried
    wait_for("a", "b", "c")
    os.killpg(process.pid, signal.SIGINT)
    printed, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert printed.startswith("1 proved, 0 refuted, ")
    assert "; close it" in said
    assert "Traceback" not in said
    assert "no longer watching" in said.splitlines()[-1]


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_review_has_each_proof_as_a_suggestion_on_the_lines_that_it_replaces(tmp_path: Path, end: str) -> None:
    text = (
        "Lemma a : True.\nProof.\n  (* ```not yet``` *)\nAdmitted.\n\n"
        "Fixpoint onto {A} (xs ys : list A) := match xs with nil => ys | cons x r => onto r (cons x ys) end.\n"
        f"Lemma onto_nil : forall A (xs : list A), onto (onto xs nil) nil = xs. Admitted.{end}"
    )
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    folder = written(repository / "theories", Main=text)
    work = Work(folder, tmp_path / "out", OPTIONS)
    work.run(lambda _: None)
    review = json.loads((tmp_path / "out" / "review.json").read_text())
    assert review["event"] == "COMMENT"
    lines = text.splitlines()
    for comment in reversed(review["comments"]):
        assert (comment["path"], comment["side"]) == ("theories/Main.v", "RIGHT")
        told = re.fullmatch(r"A proof of `\w+`:\n(`+)suggestion\n(.*)\n\1", comment["body"], re.DOTALL)
        assert told is not None
        lines[comment.get("start_line", comment["line"]) - 1 : comment["line"]] = told[2].splitlines()
    assert [comment["line"] for comment in review["comments"]] == [4, 7]
    work.apply()
    assert (folder / "Main.v").read_text().splitlines() == lines
