"""`suggest --server`: what an editor asks, and what it is told and when. With a real prover, in its own process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.__main__ import BROKEN_PIPE

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "own_development.md"


class Client:
    """Talks to a server."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pipeline", "suggest", "--server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, identity: int, method: str, **parameters: Any) -> None:
        self.say(json.dumps({"id": identity, "method": method, "params": parameters}))

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def answer(self, identity: int) -> dict[str, Any]:
        """The answer to a request; news before it are dropped."""
        while True:
            told = self.hear()
            if told.get("id") == identity:
                return told

    def last(self, identity: int) -> dict[str, Any]:
        """The last that is told of a request for suggestions."""
        while True:
            told = self.hear()
            about = told["params"] if "method" in told else {"id": told["id"], **told.get("result", told)}
            if about["id"] == identity and about.get("done", True):
                return about

    def end(self) -> str:
        """What it wrote on stderr, once it has ended by itself."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.stderr is not None
        said = self.process.stderr.read()
        assert self.process.wait(timeout=60) == 0
        return said


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client()
    yield made
    made.process.kill()
    made.process.wait()


def test_the_session_of_the_page_goes_as_it_says(client: Client) -> None:
    block = next(text for text in re.findall(r"```jsonl\n(.*?)```", PAGE.read_text(), re.DOTALL))
    lines = [line for line in block.splitlines() if line.startswith(("> ", "< "))]
    known: dict[str, Any] | None = None
    for line in lines:
        told = json.loads(line[2:])
        if line.startswith("> "):
            client.say(line[2:])
        elif told.get("result", {}).get("done") is False:
            known = dict(client.answer(told["id"])["result"])
            assert known.keys() == told["result"].keys()
        elif told.get("method") == "suggestions":
            at_once = known is not None and known["done"]  # as on an idle machine
            last = {"id": told["params"]["id"], **known} if known and at_once else client.last(told["params"]["id"])
            assert last.keys() == told["params"].keys()
            assert (last["goal"], last["finish"]) == (told["params"]["goal"], told["params"]["finish"])
        else:
            assert client.answer(told["id"]) == told
    assert client.end() == ""


OPENING = """Require Import List.
Lemma first : forall n : nat, n = n.
Proof.
Admitted.
Lemma second : forall n : nat, n + 0 = n.
Proof.
  intros n.
Admitted.
"""


def test_a_file_is_kept_loaded_while_its_text_changes(client: Client, tmp_path: Path) -> None:
    file = str(tmp_path / "Mine.v")
    (tmp_path / "Mine.v").write_text("Lemma on_disk : True. Admitted.\n")
    client.ask(1, "open", file=file, text=OPENING)
    assert client.answer(1)["result"] == {"holes": [{"name": "first", "line": 2}, {"name": "second", "line": 5}]}
    client.ask(2, "suggest", file=file, line=7, cpu_seconds=2)
    assert client.last(2)["goal"].endswith("n + 0 = n")
    client.ask(3, "change", file=file, text=OPENING.replace("n + 0 = n", "0 + n = n"))
    client.ask(4, "suggest", file=file, line=7, cpu_seconds=2)
    told = client.last(4)
    assert told["goal"].endswith("0 + n = n")
    assert told["finish"] == "reflexivity."
    client.ask(5, "change", file=file, text=OPENING.replace("n = n.", "n = S n.", 1))
    client.ask(6, "suggest", file=file, line=3, cpu_seconds=2)
    assert client.last(6)["counterexample"] is not None
    client.ask(7, "close", file=file)
    client.ask(8, "suggest", file=file, line=1, cpu_seconds=2)
    assert client.last(8)["goal"].endswith("True")
    assert client.end() == ""


def test_an_answer_comes_in_two_seconds_and_a_cancelled_search_ends(client: Client, tmp_path: Path) -> None:
    file = str(tmp_path / "Hard.v")
    (tmp_path / "Hard.v").write_text("Axiom p : nat -> nat -> Prop.\nLemma hard : forall n m, p n m.\nAdmitted.\n")
    client.ask(1, "suggest", file=file, line=2, cpu_seconds=1000)
    assert client.answer(1)["result"]["done"] is False  # not after a thousand seconds
    client.ask(2, "suggest", file=file, line=2, cpu_seconds=1000)
    client.ask(3, "cancel", request=1)
    assert client.answer(3)["result"] == {"cancelled": True}
    assert client.last(1)["error"]["code"] == "cancelled"
    client.ask(4, "shutdown")
    told = [client.hear()]
    while {2, 4} - {one.get("id") for one in told}:  # in either order, behind news of request 2
        told.append(client.hear())
    ends = {one["id"]: one for one in told if "id" in one}
    assert ends[4]["result"] == {}
    assert ends[2]["error"]["code"] == "cancelled"
    assert client.end() == ""


def test_what_cannot_be_understood_is_answered_with_an_error_and_costs_nothing_else(
    client: Client, tmp_path: Path
) -> None:
    file = str(tmp_path / "Bad.v")
    (tmp_path / "Bad.v").write_text("Lemma a : nothing.\nAdmitted.\nLemma b : True.\nAdmitted.\n")
    lines = {
        "nonsense": "malformed",
        "[]": "malformed",
        "[" * 100_000: "malformed",
        '{"method": "open"}': "bad_request",
        '{"id": 1, "method": "hover"}': "unknown_method",
        '{"id": 1, "method": "suggest", "params": {"file": "A.v"}}': "bad_request",
        '{"id": 1, "method": "suggest", "params": {"file": "A.v", "line": "3"}}': "bad_request",
        '{"id": 1, "method": "open", "params": {"file": "A.v", "version": 3}}': "bad_request",
        '{"id": 1, "method": "open", "params": {"file": "/nowhere/A.v"}}': "outside",
        '{"id": 1, "method": "suggest", "params": {"file": "/nowhere/A.v", "line": 3}}': "user",
        json.dumps({"id": 1, "method": "open", "params": {"file": file, "text": "(* no end"}}): "user",
    }
    for line, code in lines.items():
        client.say(line)
        told = client.hear()
        assert (told["error"]["code"], "\n" in told["error"]["message"]) == (code, False)
    client.ask(2, "open", file=file)
    client.answer(2)
    client.ask(3, "suggest", file=file, line=3)
    assert "Bad.v, line 1: The reference nothing was not found" in client.last(3)["error"]["message"]
    client.ask(4, "change", file=file, text="Lemma b : True.\nAdmitted.\n")
    client.ask(5, "suggest", file=file, line=1, cpu_seconds=2)
    assert client.last(5)["finish"]
    assert client.end() == ""


def test_a_file_that_cannot_be_named_is_answered_with_an_error_and_the_next_request_is_heard(
    client: Client, tmp_path: Path
) -> None:
    itself = tmp_path / "Itself.v"
    itself.symlink_to(itself)
    files = {
        "": "file is empty",
        "Own.lean": "--server is for rocq files alone: for own.lean give `suggest own.lean:line`",
        "a\0b": "null",
        "a\ud800b": "surrogate",
        str(itself): "loop",
        "a" * 5000: "too long",
        f"{'a/' * 2500}A.v": "too long",
    }
    methods: dict[str, dict[str, Any]] = {
        "open": {},
        "change": {"text": "Lemma a : True. Admitted."},
        "suggest": {"line": 1},
        "close": {},
    }
    for number, (file, why) in enumerate(files.items()):
        for method, more in methods.items():
            client.ask(number, method, file=file, **more)
            error = client.hear()["error"]
            assert error["code"] == "bad_request"
            assert why in error["message"].lower()
            assert len(error["message"]) < 300
    client.ask(10, "open", file=str(tmp_path / "A.v"), text="Lemma a : True. Admitted.")
    assert client.answer(10)["result"]["holes"]
    assert client.end() == ""


def test_a_text_that_no_file_can_hold_and_endless_numbers_are_refused(client: Client, tmp_path: Path) -> None:
    file = str(tmp_path / "A.v")
    for method in ("open", "change"):
        client.ask(1, method, file=file, text="Lemma a : True. (* \ud800 *) Admitted.")
        assert client.hear()["error"]["code"] == "bad_request"
    client.ask(2, "suggest", file=file, line=1, cpu_seconds=10**400)
    assert client.hear()["error"]["code"] == "user"
    client.ask(3, "hover" * 5000)
    assert len(client.hear()["error"]["message"]) < 300
    assert client.end() == ""


def test_when_nobody_reads_the_answers_any_more_the_process_ends_by_itself(client: Client) -> None:
    assert client.process.stdout is not None
    client.ask(1, "open", file="/nowhere/A.v")
    client.answer(1)
    client.process.stdout.close()
    client.ask(2, "open", file="/nowhere/A.v")
    assert client.process.wait(timeout=60) == BROKEN_PIPE  # though more could be asked
    assert client.process.stderr is not None
    assert client.process.stderr.read() == ""


def test_a_deeply_nested_line_is_answered_however_small_the_stacks_of_threads_are() -> None:
    command = ["bash", "-c", 'ulimit -s 1024 && exec "$@"', "bash", sys.executable, "-m", "pipeline"]
    run = subprocess.run(
        [*command, "suggest", "--server"],
        cwd=ROOT,
        input="[" * 100_000 + "\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0
    assert json.loads(run.stdout)["error"]["code"] == "malformed"
