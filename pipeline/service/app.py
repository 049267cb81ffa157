"""The routes of the service, and the deployment that answers them.

Invariant: each text of a request is answered exactly once, in order, under its own name; a request that is not worked
on has a status that says so (401, 413, 422, 429, 503) and one line.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from ray import serve

from datasets.jsonl import problem_of
from domain import Candidate, Elaboration, Prover, UserError, Verdict
from library_store.durability import read_library
from pipeline.service.batch import candidate_of, verdict_line
from pipeline.service.gate import Gate, Limits, Refusal
from pipeline.service.messages import (
    AuditRequest,
    CheckRequest,
    FileProver,
    RetrieveRequest,
    VerifyRequest,
    failure,
    said,
)
from pipeline.service.provers import Asking

BUCKETS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)

app = FastAPI(title="Lemmary", docs_url=None, redoc_url=None)
app.add_middleware(Gate)


@app.exception_handler(Refusal)
async def _refused(request: Request, refusal: Refusal) -> Response:  # noqa: ARG001 (as FastAPI calls it)
    return refusal.response


@app.exception_handler(RequestValidationError)
async def _not_understood(request: Request, error: RequestValidationError) -> Response:  # noqa: ARG001
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body")
    return Refusal(422, f"{place or 'the body'}: {first['msg']}").response


def _with_time(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with its seconds where `/verify` has them: in what the prover said."""
    seconds, told = answer["time"], answer.get("response")
    return {"error": answer["error"], "response": None if told is None else {**told, "time": seconds}}


# What the class uses stands before it, since Ray Serve copies class and routes as it decorates them.
@serve.deployment(max_ongoing_requests=10_000)
@serve.ingress(app)  # pyright: ignore[reportUntypedClassDecorator]
class Service:
    """Answers requests; provers are asked through their deployments."""

    def __init__(self, provers: Mapping[Prover, Any], limits: Limits, library: Path | None) -> None:
        app.state.limits = limits
        self._limits = limits
        self._provers = {prover: Asking(handle) for prover, handle in provers.items()}
        self._library = None if library is None else read_library(library)
        self._waiting = 0
        self._registry = CollectorRegistry()
        self._texts = Counter("lemmary_texts", "Texts answered", ["route", "prover", "answer"], registry=self._registry)
        self._seconds = Histogram(
            "lemmary_text_seconds", "Wall time of a text, waiting included", ["route"], buckets=BUCKETS,
            registry=self._registry,
        )  # fmt: skip
        gauge = Gauge("lemmary_texts_waiting", "Texts that wait or are worked on", registry=self._registry)
        gauge.set_function(lambda: self._waiting)

    @app.get("/health")
    async def health(self) -> dict[str, Any]:
        return {"status": "ok", "provers": list(self._provers), "waiting": self._waiting}

    @app.get("/metrics")
    async def metrics(self) -> Response:
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    @app.post("/verify")
    async def verify(self, asked: VerifyRequest) -> dict[str, Any]:
        """Whole files, as Kimina Lean Server's `/verify` has it."""
        texts = [code.text for code in asked.codes]
        answers = await self._files("verify", asked.prover, texts, asked.timeout)
        return {
            "results": [
                {"custom_id": code.custom_id, **_with_time(answer)}
                for code, answer in zip(asked.codes, answers, strict=True)
            ]
        }

    @app.post("/api/check")
    async def check(self, asked: CheckRequest) -> dict[str, Any]:
        """Whole files, as Kimina Lean Server's `/api/check` has it."""
        texts = [snippet.code for snippet in asked.snippets]
        answers = await self._files("check", asked.prover, texts, asked.timeout)
        return {
            "results": [{"id": snippet.id, **answer} for snippet, answer in zip(asked.snippets, answers, strict=True)]
        }

    @app.post("/audit")
    async def audit(self, asked: AuditRequest) -> dict[str, Any]:
        """Verdicts that count, each from a fresh prover process."""
        read = [candidate_of(json.dumps(one), f"candidate {at}") for at, one in enumerate(asked.candidates, 1)]

        async def judged(found: tuple[str, Candidate | Verdict]) -> dict[str, Any]:
            name, candidate = found
            if isinstance(candidate, Verdict):
                return verdict_line(name, candidate)
            verdict = await self._prover(candidate.problem.prover).audit(candidate, recheck=asked.recheck)
            self._texts.labels("audit", candidate.problem.prover, verdict.reason).inc()
            return verdict_line(name, verdict)

        with self._admitted(len(read)):
            return {"results": await self._all("audit", read, judged)}

    @app.post("/retrieve")
    async def retrieve(self, asked: RetrieveRequest) -> dict[str, Any]:
        """The best lemmas of the library for a problem, of those that speak of what its header defines."""
        if self._library is None:
            raise Refusal(404, "this service has no library: start it with --library RUN")
        try:
            problem = problem_of(asked.problem, "problem")
        except UserError as error:
            raise Refusal(422, str(error)) from None
        with self._admitted(1):
            found = await self._prover(problem.prover).elaborate(problem)
        if not isinstance(found, Elaboration):
            raise Refusal(422, f"problem {problem.name}: {found.messages[0].text}")
        over = [definition.id for definition in found.definitions]
        lemmas = self._library.retrieve(found.statement, over, found.prelude_id, asked.k)
        return {
            "lemmas": [
                {"name": lemma.name, "statement": lemma.statement, "score": score, "round": lemma.round}
                for lemma, score in lemmas
            ]
        }

    # ------------------------------------------------------------------------------------------------------ the work

    def _prover(self, prover: Prover) -> Asking:
        if prover not in self._provers:
            raise Refusal(422, f"prover {prover} is not served here, only {' and '.join(self._provers)}: see --provers")
        return self._provers[prover]

    async def _files(self, route: str, prover: FileProver, texts: list[str], seconds: int) -> list[dict[str, Any]]:
        asking = self._prover(prover)

        async def told(text: str) -> dict[str, Any]:
            answer = await asking.run_file(text, float(seconds))
            failed = failure(answer, seconds)
            outcome = "failed" if failed else "error" if not answer.ok else "hole" if answer.holes else "ok"
            self._texts.labels(route, prover, outcome).inc()
            shown = {"error": failed} if failed else {"error": None, "response": said(text, answer)}
            return {"time": answer.seconds, **shown}

        with self._admitted(len(texts)):
            return await self._all(route, texts, told)

    async def _all(self, route: str, asked: list[Any], answer: Callable[[Any], Awaitable[Any]]) -> list[Any]:
        async def timed(one: Any) -> Any:
            started = time.monotonic()
            try:
                return await answer(one)
            finally:
                self._seconds.labels(route).observe(time.monotonic() - started)

        return await asyncio.gather(*map(timed, asked))

    @contextmanager
    def _admitted(self, texts: int) -> Generator[None]:
        """Counts texts as waiting. Raises `Refusal` where too many wait already."""
        if self._waiting + texts > self._limits.waiting:
            raise Refusal(503, f"more than {self._limits.waiting} texts would wait: try again later", 5)
        self._waiting += texts
        try:
            yield
        finally:
            self._waiting -= texts
