"""The actors of a run: started from its settings, asked side by side, and stopped."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from actors import cluster, library, placement, verification, worker
from actors.cluster import Remote, gather
from actors.library import SharedLibrary
from domain import ModelCard, Prover, UserError
from models import DEFAULT_MODEL
from pipeline.config import ModelSettings, RunSettings
from verifiers.backend import VerifierLimits, backend_of
from verifiers.protocol import Verifier

if TYPE_CHECKING:  # loaded when a run has a model
    from actors import language_model


PATIENCE = 30.0
"""Seconds after which a run says that Ray has no room for some of its actors."""

SLOWEST = 10.0
"""Tokens a second below which an endpoint is taken to hang."""


@dataclass
class Workers:
    """The actors of a run."""

    local: bool
    library: SharedLibrary
    verifiers: list[Remote]
    all: list[Any]
    starting_model: language_model.Starting | None
    model: Remote | None = None
    """None until `wait_for_model`, and where the settings have none."""
    model_card: ModelCard | None = None

    def wait_for_model(self) -> None:
        """Returns once the language model can be asked. Raises `OutsideError` when it does not start."""
        if self.starting_model is not None:
            from actors import language_model

            self.model = Remote(language_model.wait_for(self.starting_model))
            self.model_card = self.model.describe()
            self.starting_model = None

    def placed(self, each: str) -> list[str]:
        """Where the actors stand in a cluster, a line each; `each` is what a verification actor needs."""
        kinds: dict[str, list[Any]] = {
            "library": [cast("Remote", self.library).handle],
            "verification": [one.handle for one in self.verifiers],
            "workers": self.all,
        }
        if self.starting_model is not None:
            kinds["model"] = [*self.starting_model.replicas] or [self.starting_model.handle]
        lines: list[str] = []
        for kind, actors in kinds.items():
            standing, waiting = placement.standing(actors, PATIENCE)
            if standing:
                lines.append(f"{kind}: {', '.join(f'{many} on {node}' for node, many in standing.items())}")
            if waiting:
                needs = f", which need {each} each" if kind == "verification" else ""
                mend = "the run goes on when nodes have joined; or stop it and ask for fewer"
                lines.append(f"{kind}: Ray has no room yet for {waiting} of {len(actors)}{needs}: {mend}")
        return lines

    def verifier(self, worker: Any | None = None) -> Verifier:
        """Always the same one for a worker, so that none waits for another."""
        place = self.all.index(worker) if worker is not None else 0
        verifier: Any = self.verifiers[place % len(self.verifiers)]
        return cast("Verifier", verifier)

    def model_seconds(self) -> float:
        """CPU seconds of the language model in this session, without those of its start."""
        return self.model.cpu_seconds() if self.model is not None else 0.0

    def ask_verifiers(self, method: str, questions: Sequence[Any]) -> list[Any]:
        """The verifiers' answers to questions, in order; each gets its share of them."""
        count = len(self.verifiers)
        shares = [questions[start::count] for start in range(count)]
        asked = [getattr(one.handle, method).remote(share) for one, share in zip(self.verifiers, shares, strict=True)]
        answers = gather(asked)
        return [answers[at % count][at // count] for at in range(len(questions))]


def require_prover(settings: RunSettings, prover: Prover) -> None:
    """Raises `OutsideError` where a run on this machine would miss its prover; of a cluster only its nodes know.

    A model that can be asked for Lean alone is a `UserError` for problems of another prover.
    """
    if prover != "lean4" and settings.model.kind != "none" and settings.model.prompt_format != "lemmary":
        asked = settings.model.prompt_format
        raise UserError(f"model.prompt_format: {asked} is for Lean 4, and the problems are for {prover}: set lemmary")
    if not cluster.address_of(settings.ray.address):
        backend_of(prover).require()


@contextmanager
def open_workers(
    settings: RunSettings, directory: Path, prover: Prover, tell: Callable[[list[str]], None]
) -> Generator[Workers]:
    """Starts Ray and the actors of a run with `prover`; stops what it started at the end, whatever happened.

    In a cluster that was there, `tell` hears where the actors stand, or for what Ray has no room yet.

    Raises:
        OutsideError: Ray or a verifier does not start.
        UserError: the run directory is damaged or in use.
    """
    given = settings.ray
    cpus = None if given.cpus == "auto" else given.cpus
    local = cluster.connect(address=given.address, cpus=cpus, object_store_mib=given.object_store_mib)
    with ExitStack() as at_the_end:
        at_the_end.callback(cluster.leave)
        at_the_end.enter_context(cluster.deaths_told())

        # All start side by side; the model takes longest, and is waited for when the problems have been read.
        opened = cast("SharedLibrary", Remote(library.start(directory, local=local)))
        starting = None if settings.model.kind == "none" else _start_model(settings.model, local=local)
        opener = backend_of(prover).opener(_limits(settings, directory))
        memory = settings.verifiers.sessions * settings.verifiers.memory_mib * 2**20
        wanted = settings.verifiers.processes
        count = placement.fitting([*placement.nodes().values()], memory) if wanted == "auto" else wanted
        declared = placement.needing(memory, local=local)
        verifiers = [Remote(actor) for actor in verification.start(count, opener, declared)]
        workers = worker.start(count if settings.prove.workers == "auto" else settings.prove.workers)
        actors = [*workers, *[one.handle for one in verifiers]]
        actors += [starting.handle, *starting.replicas] if starting is not None else []

        # The library says first whether the directory may be used at all.
        opened.current_round()
        at_the_end.callback(opened.close)
        at_the_end.callback(cluster.stop, actors)

        opened_workers = Workers(local, opened, verifiers, workers, starting)
        if not local:
            tell(opened_workers.placed(f"a core and {memory / 2**30:.1f} GiB"))
        yield opened_workers
        gather([one.handle.close.remote() for one in verifiers])


def _limits(settings: RunSettings, directory: Path) -> VerifierLimits:
    return VerifierLimits(
        sessions=settings.verifiers.sessions,
        check_seconds=settings.prove.candidate_cpu_seconds,
        audit_seconds=settings.verifiers.audit_cpu_seconds,
        memory_bytes=settings.verifiers.memory_mib * 2**20,
        cache=directory.resolve() / "cache",
    )


def _start_model(settings: ModelSettings, *, local: bool) -> language_model.Starting:
    from actors import language_model

    return language_model.start(model_settings(settings), settings.replicas, local=local)


def model_settings(settings: ModelSettings) -> language_model.ModelSettings:
    """How the actor of the language model is started."""
    from actors.endpoint import EndpointSettings
    from actors.local_engine import EngineSettings

    if settings.kind == "endpoint":
        return EndpointSettings(
            base_url=settings.base_url,
            model=settings.name,
            api_key_variable=settings.api_key_variable,
            concurrency=settings.batch,
            timeout_seconds=max(120.0, settings.max_tokens / SLOWEST),
        )
    return EngineSettings(
        path=settings.path,
        name=settings.name or DEFAULT_MODEL,
        threads=settings.threads,
        gpus=settings.gpus,
        context=settings.context,
        kv_cache_gib=settings.kv_cache_gib,
        batch=settings.batch,
    )
