"""The HTTP service under load, with provers killed at random, beside warm checks in one process.

    python bench/service.py --json service.json                      (10,000 requests, 64 clients)
    python bench/service.py --requests 1000 --kill-every 1

Each request is a whole Lean or Rocq file without imports, half of them wrong, drawn by seed; no two are the same.
First one process checks a sample of them with the same verifiers, one after the other, without HTTP. Then the service
is asked as often without faults, and last all requests are made while a prover process is killed every so often. A
request counts as answered rightly if it has one answer, which says of the right texts alone that they have no error.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import httpx
import psutil

from bench.results_speed import SERVICE
from bench.script import REPOSITORY, Row, command_line, ended, machine, tell
from domain import OutsideError
from verifiers.backend import VerifierLimits, backend_of
from verifiers.whole_file import RunsFiles

START_SECONDS = 120.0


class Text(NamedTuple):
    prover: Literal["lean4", "rocq"]
    text: str
    right: bool


class Answer(NamedTuple):
    right: bool
    seconds: float


def drawn(count: int, seed: int) -> list[Text]:
    """Distinct files, of each prover about as many, half of them wrong."""
    rng = random.Random(seed)
    texts: list[Text] = []
    for number in range(count):
        prover: Literal["lean4", "rocq"] = rng.choice(("lean4", "rocq"))
        right, n = rng.random() < 0.5, rng.randint(1, 60)
        sides = f"{n} + {n} = {2 * n if right else 2 * n + 1}"
        proof = f"theorem t{number} : {sides} := by\n  decide"
        if prover == "rocq":
            proof = f"Theorem t{number} : {sides}.\nProof.\n  reflexivity.\nQed."
        texts.append(Text(prover, proof, right))
    return texts


def alone(texts: Sequence[Text]) -> list[Answer]:
    """One process with a warm session of each prover."""
    verifiers = {prover: backend_of(prover).opener(VerifierLimits())() for prover in ("lean4", "rocq")}
    for verifier in verifiers.values():
        assert isinstance(verifier, RunsFiles)
        verifier.run_file("")
    answers: list[Answer] = []
    for one in texts:
        began = time.perf_counter()
        verifier = verifiers[one.prover]
        assert isinstance(verifier, RunsFiles)
        ok = verifier.run_file(one.text, 20).ok
        answers.append(Answer(ok == one.right, time.perf_counter() - began))
    for verifier in verifiers.values():
        verifier.close()
    return answers


class Service:
    """The service in a process of its own."""

    def __init__(self, port: int, processes: int, log: Path) -> None:
        command = [sys.executable, "-m", "pipeline", "serve", "--port", str(port), "--processes", str(processes)]
        with log.open("wb") as written:
            self._process = subprocess.Popen(command, cwd=REPOSITORY, stderr=written, env=dict(os.environ))
        self._failed = False
        until = time.monotonic() + START_SECONDS
        while b"serving" not in log.read_bytes():
            if self._process.poll() is not None or time.monotonic() > until:
                raise OutsideError(f"the service did not start: {log.read_text()[-300:]}")
            time.sleep(0.2)
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=600, limits=httpx.Limits(max_connections=256)
        )

    def ask(self, one: Text) -> Answer:
        began = time.perf_counter()
        body = {"prover": one.prover, "codes": [{"custom_id": one.text, "proof": one.text}], "timeout": 20}
        answer = self._http.post("/verify", json=body)
        seconds = time.perf_counter() - began
        results: list[dict[str, Any]] = answer.json()["results"] if answer.status_code == 200 else []
        if len(results) != 1 or results[0]["custom_id"] != one.text or results[0]["error"] is not None:
            if not self._failed:
                print(f"not answered: {answer.status_code} {answer.text[:300]}", file=sys.stderr)
            self._failed = True
            return Answer(False, seconds)
        said = results[0]["response"].get("messages", [])
        return Answer(one.right != any(message["severity"] == "error" for message in said), seconds)

    def provers(self) -> list[psutil.Process]:
        """The prover processes below it."""
        found: list[psutil.Process] = []
        for process in psutil.Process(self._process.pid).children(recursive=True):
            try:
                line = " ".join(process.cmdline())
            except psutil.NoSuchProcess:
                continue
            if "coqidetop" in line or "--worker" in line:
                found.append(process)
        return found

    def close(self) -> None:
        self._http.close()
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)


def asked(service: Service, texts: Sequence[Text], clients: int) -> list[Answer]:
    with ThreadPoolExecutor(clients) as threads:
        return list(threads.map(service.ask, texts))


def killing(service: Service, every: float, over: threading.Event, rng: random.Random, killed: list[int]) -> None:
    while not over.wait(every):
        provers = service.provers()
        if provers:
            victim = rng.choice(sorted(provers, key=lambda one: one.pid))
            victim.kill()
            killed.append(victim.pid)


def row(way: str, answers: Sequence[Answer], seconds: float, killed: int = 0) -> Row:
    waited = sorted(answer.seconds for answer in answers)
    return {
        "way": way,
        "requests": len(answers),
        "right": sum(answer.right for answer in answers),
        "per_second": round(len(answers) / seconds, 2),
        "median_ms": round(1000 * waited[len(waited) // 2], 2),
        "p99_ms": round(1000 * waited[int(len(waited) * 0.99)], 2),
        "killed": killed,
    }


def main() -> int:
    parser = command_line(__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=1000, help="requests of the two ways without faults")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--processes", type=int, default=1, help="of each prover")
    parser.add_argument("--kill-every", type=float, default=2.0, metavar="SECONDS")
    parser.add_argument("--port", type=int, default=8765)
    options = parser.parse_args()
    where, texts = machine(), drawn(options.requests, options.seed)
    sample, rows = texts[: options.sample], list[Row]()
    began = time.perf_counter()
    rows.append(row("one process", alone(sample), time.perf_counter() - began))
    with tempfile.TemporaryDirectory() as folder:
        service = Service(options.port, options.processes, Path(folder) / "log")
        try:
            asked(service, sample[: options.clients], options.clients)
            began = time.perf_counter()
            rows.append(row("service", asked(service, sample, options.clients), time.perf_counter() - began))
            over, killed = threading.Event(), list[int]()
            killer = threading.Thread(
                target=killing, args=(service, options.kill_every, over, random.Random(options.seed), killed)
            )
            killer.start()
            began = time.perf_counter()
            try:
                answers = asked(service, texts, options.clients)
            finally:
                over.set()
                killer.join()
            rows.append(row("service, provers killed", answers, time.perf_counter() - began, len(killed)))
        finally:
            service.close()
    headline = {
        "requests": rows[-1]["requests"],
        "answered_rightly": rows[-1]["right"],
        "ratio_vs_one_process": round(rows[1]["per_second"] / rows[0]["per_second"], 3),
    }
    tell(options, where, rows, headline, SERVICE)
    return 0 if headline["requests"] == headline["answered_rightly"] else 1


if __name__ == "__main__":
    sys.exit(ended(main))
