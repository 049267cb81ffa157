"""The service over HTTP: real provers on a real Ray, asked by the published client of Kimina Lean Server too."""

import asyncio
import importlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import typing
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import typing_extensions
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from domain import Elaboration, Message, Problem, Verdict
from library_store.library import Library
from pipeline.__main__ import main
from pipeline.service.gate import Gate, Limits
from pipeline.service.messages import failure, said
from pipeline.service.provers import TRIES, Asking
from tests.actors.servers import free_port
from tests.library_store.samples import lemma
from verifiers.rocq.verifier import RocqVerifier
from verifiers.whole_file import FileAnswer, Hole

pytestmark = pytest.mark.timeout(600)

TOKEN = "a-token"
PROBLEM = {"name": "p", "prover": "rocq", "header": "", "formal_statement": "Theorem p : forall n : nat, n + 0 = n."}


class Served:
    """A service in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.process = process
        self.url = url
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=300)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def verify(self, *texts: str, **more: Any) -> list[dict[str, Any]]:
        codes = [{"custom_id": at, "proof": text} for at, text in enumerate(texts)]
        results = self.post("/verify", {"codes": codes, **more})["results"]
        assert [one["custom_id"] for one in results] == [*range(len(texts))]
        return results

    def named(self, *names: str) -> list[psutil.Process]:
        """Processes below the service whose command line has one of these words."""
        found: list[psutil.Process] = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if any(name in " ".join(process.cmdline()) for name in names):
                    found.append(process)
            except psutil.NoSuchProcess:
                continue
        return found


@contextmanager
def service(repository: Path, folder: Path, *arguments: str) -> Generator[Served]:
    """The command, until it is interrupted."""
    port, log = free_port(), folder / "log"
    command = [sys.executable, "-m", "pipeline", "serve", "--processes", "1", "--port", str(port), *arguments]
    with log.open("wb") as written:
        process = subprocess.Popen(command, cwd=repository, stderr=written, env={**os.environ, "LEMMARY_TOKEN": TOKEN})
    try:
        while b"serving" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        yield Served(process, f"http://127.0.0.1:{port}")
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


@pytest.fixture(scope="module")
def served(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with service(repository, tmp_path_factory.mktemp("service"), "--waiting", "200") as one:
        yield one


def published_client(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The client's own code. On Python 3.11 it imports what pydantic takes from Python 3.12 on."""
    monkeypatch.setattr(typing, "TypedDict", typing_extensions.TypedDict)
    return importlib.import_module("kimina_client")


def test_the_published_client_works_unchanged(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    kimina = published_client(monkeypatch)
    client = kimina.KiminaClient(api_url=served.url, api_key=TOKEN)
    assert client.health()["status"] == "ok"
    client.test()
    texts = {
        "valid": "theorem t (n : Nat) : n = n := rfl",
        "sorry": "theorem t (n : Nat) : n = n := by\n  sorry",
        "lean_error": "theorem t : 1 = 2 := rfl",
    }
    snippets = [kimina.Snippet(id=name, code=text) for name, text in texts.items()]
    results = client.check(snippets, show_progress=False, batch_size=2).results
    assert {one.id: one.analyze().status for one in results} == {name: kimina.SnippetStatus(name) for name in texts}
    (hole,) = next(one for one in results if one.id == "sorry").response["sorries"]
    assert hole["pos"] == {"line": 2, "column": 2}
    assert hole["goal"] == "n : Nat\n⊢ n = n"


def test_whole_files_of_both_provers(served: Served) -> None:
    for prover in ("lean4", "rocq"):
        assert served.verify("", prover=prover)[0]["response"].keys() == {"env", "time"}
    good, bad = served.verify("example : 1 = 1 := rfl\n#check Nat", "theorem t : 1 = 2 := by\n  rfl")
    assert [one["data"] for one in good["response"]["messages"]] == ["Nat : Type"]
    assert good["error"] is None
    assert good["response"]["time"] > 0
    assert bad["response"]["messages"][0]["severity"] == "error"
    assert bad["response"]["messages"][0]["pos"]["line"] == 2
    proved, open_, missing = served.verify(
        "Require Import Lia.\nTheorem t n : n + 1 > n. Proof. lia. Qed.",
        "Theorem t : 1 = 2. Proof. Admitted.",
        "Require Import Nowhere.",
        prover="rocq",
    )
    assert "messages" not in proved["response"]
    assert len(open_["response"]["sorries"]) == 1
    assert "Nowhere" in missing["response"]["messages"][0]["data"]


def test_what_a_text_does_to_its_process_no_other_sees(served: Served) -> None:
    text = "theorem unseen : 1 = 1 := rfl"
    assert not any("messages" in one["response"] for one in served.verify(text, text))
    (slow,) = served.verify("theorem t : (List.replicate 9999999 1).length = 1 := by decide", timeout=1)
    assert slow["error"] is not None or slow["response"]["messages"][0]["severity"] == "error"
    assert "messages" not in served.verify(text)[0]["response"]
    changed = 'Cd "/".\nTheorem t : True. Proof. exact I. Qed.'
    assert "messages" not in served.verify(changed, prover="rocq")[0]["response"]


def test_audits_answer_as_a_batch_does(served: Served) -> None:
    candidates = [
        {"problem": PROBLEM, "proof": "induction n; simpl; congruence."},
        {"problem": PROBLEM, "proof": "admit."},
        {"problem": PROBLEM, "proof": "Theorem p : 1 = 1. Proof. reflexivity. Qed."},
        {"problem": {"name": "nothing"}, "proof": ""},
    ]
    results = served.post("/audit", {"candidates": candidates})["results"]
    assert [one["verdict"] for one in results] == ["accepted", "rejected", "rejected", "error"]
    assert [one["trust"] for one in results] == ["audited", "none", "none", "none"]
    assert [one["name"] for one in results] == ["p", "p", "p", "nothing"]


def test_every_text_is_answered_while_provers_are_killed(served: Served) -> None:
    over = threading.Event()
    killed: list[int] = []

    def kill() -> None:
        chooser = random.Random(0)
        while not over.is_set():
            provers = served.named("coqidetop", "--worker")
            if provers:
                victim = chooser.choice(sorted(provers, key=lambda one: one.pid))
                victim.kill()
                killed.append(victim.pid)
            time.sleep(0.3)

    def ask(number: int) -> bool:
        good = number % 3 > 0
        if number % 2:
            text = f"theorem t{number} : {number} = {number if good else number + 1} := by decide"
            (answer,) = served.verify(text)
        else:
            text = f"Theorem t{number} : {number} = {number if good else number + 1}. Proof. reflexivity. Qed."
            (answer,) = served.verify(text, prover="rocq")
        assert answer["error"] is None, answer
        return good == ("messages" not in answer["response"])

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        with ThreadPoolExecutor(8) as clients:
            rightly = list(clients.map(ask, range(60)))
    finally:
        over.set()
        thread.join()
    assert all(rightly)
    assert killed


def test_a_replica_that_dies_is_another_ones_work(served: Served) -> None:
    replicas = served.named("ServeReplica:lemmary:prover_rocq")
    assert replicas
    for replica in replicas:
        replica.kill()
    (answer,) = served.verify("Theorem t : True. Proof. exact I. Qed.", prover="rocq")
    assert answer["error"] is None


def test_what_is_refused_is_told_in_one_line(served: Served) -> None:
    ask = served.http.post
    refused = [
        (401, ask("/verify", json={}, headers={"Authorization": "Bearer other"})),
        (413, ask("/verify", content=b"x" * (9 * 2**20))),
        (422, ask("/verify", content=b"no JSON")),
        (422, ask("/verify", json={"codes": []})),
        (422, ask("/verify", json={"codes": [{"custom_id": 1}]})),
        (422, ask("/verify", json={"codes": [{"custom_id": 1, "proof": ""}], "infotree_type": "full"})),
        (404, ask("/retrieve", json={"problem": PROBLEM})),
        (503, ask("/verify", json={"codes": [{"custom_id": at, "proof": ""} for at in range(201)]})),
    ]
    for status, answer in refused:
        assert answer.status_code == status, answer.text
        assert len(answer.json()["error"].splitlines()) == 1
    assert int(refused[-1][1].headers["Retry-After"]) > 0


def test_a_service_with_a_library_finds_its_lemmas(repository: Path, tmp_path: Path) -> None:
    verifier = RocqVerifier()
    header = "Fixpoint add (x y : nat) : nat := match x with O => y | S z => S (add z y) end."
    asked = Problem("asked", "rocq", header, "Theorem asked : forall x : nat, add x O = x.")
    (found,) = verifier.elaborate([asked])
    verifier.close()
    assert isinstance(found, Elaboration)
    known = lemma("add_zero", found.statement, prelude_id=found.prelude_id, definition_ids=found.reached)
    with Library(tmp_path / "run") as library:
        library.add_definitions(found.definitions)
        library.insert(known, Verdict("accepted", "proved", "audited", prover="rocq"))
        library.snapshot()
    with service(repository, tmp_path, "--provers", "rocq", "--library", str(tmp_path / "run")) as served:
        record = {"name": "other", "prover": "rocq", "header": header}
        other = record | {"formal_statement": "Theorem other : forall x y : nat, add x y = add y x."}
        (answered,) = served.post("/retrieve", {"problem": other, "k": 3})["lemmas"]
        assert (answered["name"], answered["statement"]) == ("add_zero", known.statement)
        refused = served.http.post("/retrieve", json={"problem": record | {"formal_statement": "Theorem other : no."}})
        assert refused.status_code == 422
        assert "other" in refused.json()["error"]
        lean = served.http.post("/verify", json={"codes": [{"custom_id": 1, "proof": ""}]})
        assert (lean.status_code, "only rocq" in lean.json()["error"]) == (422, True)


class Dying:
    """Stands for a deployment whose prover dies over every text."""

    def __init__(self) -> None:
        self.asked = 0
        self.run_file = self

    async def remote(self, text: str, seconds: float) -> FileAnswer:
        self.asked += 1
        return FileAnswer(ok=False, reason="prover_error")


def test_a_text_over_which_provers_die_is_not_tried_for_ever() -> None:
    async def twice() -> None:
        assert (await asking.run_file("text", 1.0)).reason == "prover_error"
        assert (await asking.run_file("text", 1.0)).reason == "prover_error"
        assert dying.asked == TRIES
        await asking.run_file("another", 1.0)
        assert dying.asked == 2 * TRIES

    dying = Dying()
    asking = Asking(dying)
    asyncio.run(twice())


def test_metrics_are_as_prometheus_reads_them(served: Served) -> None:
    served.verify("#check Nat")
    lines = served.http.get("/metrics").text.splitlines()
    (counted,) = [line for line in lines if line.startswith('lemmary_texts_total{answer="ok",prover="lean4",route="v')]
    assert float(counted.rpartition(" ")[2]) >= 1
    assert "lemmary_texts_waiting 0.0" in lines


def test_a_client_that_asks_too_often_is_told_to_wait() -> None:
    async def answer(request: Request) -> PlainTextResponse:
        return PlainTextResponse("here")

    app = Starlette(routes=[Route("/verify", answer)])
    app.add_middleware(Gate)
    app.state.limits = Limits(requests_a_second=0.1)
    client = TestClient(app)
    statuses = [client.get("/verify").status_code for _ in range(3)]
    assert statuses == [200, 429, 429]
    assert client.get("/verify", headers={"Authorization": "Bearer another"}).status_code == 429, (
        "it is the same client"
    )
    assert TestClient(app, client=("another", 1)).get("/verify").status_code == 200


def test_a_body_without_a_length_is_cut_off_too() -> None:
    async def run() -> list[int]:
        app = Starlette()
        app.add_middleware(Gate)
        app.state.limits = Limits(body_bytes=10)
        statuses: list[int] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"12345678", "more_body": True}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        scope = {"type": "http", "path": "/verify", "method": "POST", "headers": [], "client": ("here", 1)}
        await app(scope, receive, send)
        return statuses

    assert asyncio.run(run()) == [413]


def test_places_are_lines_and_columns() -> None:
    text = "a\nbc\n"
    answer = FileAnswer(
        ok=True, messages=(Message("notice", "said", 3, 4), Message("error", "nowhere")), holes=(Hole(2, 4, "goal"),)
    )
    told = said(text, answer)
    assert told["messages"][0] == {
        "severity": "info",
        "pos": {"line": 2, "column": 1},
        "endPos": {"line": 2, "column": 2},
        "data": "said",
    }
    assert told["messages"][1]["pos"] == {"line": 1, "column": 0}
    assert told["sorries"][0]["goal"] == "goal"
    assert json.dumps(told)


def test_a_timeout_says_so_as_the_client_reads_it() -> None:
    assert "timed out" in str(failure(FileAnswer(ok=False, reason="timeout"), 5))
    assert failure(FileAnswer(ok=False, reason="does_not_compile"), 5) is None


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("--host", "0.0.0.0"), 2, "LEMMARY_TOKEN"),
        (("--provers", "lean4,agda"), 2, "lean4,agda"),
        (("--processes", "0"), 2, "greater than zero"),
        (("--port", "70000"), 2, "65535"),
        (("--library", "nowhere"), 2, "nowhere"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    arguments: tuple[str, ...],
    code: int,
    line: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LEMMARY_TOKEN", raising=False)
    assert main(["serve", *arguments]) == code
    said_ = capsys.readouterr().err.strip()
    assert line in said_
    assert len(said_.splitlines()) == 1
