"""The configuration of a run: every setting with its unit, its bound and what it is for.

How the tree is read from YAML is in `pipeline.typed_yaml`; the settings of `train` are in `pipeline.training.settings`.
The page `docs/configuration.md` is generated from the docstrings (`make docs`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from models import OWN_MODELS
from pipeline import typed_yaml
from pipeline.typed_yaml import Count, Fraction, Group, Natural, Positive

LEAST_TOKENS = 1024
"""Tokens below which no public model gets through its thoughts to a whole proof."""


class ProblemSource(Group):
    dataset: str
    """What to read: a dataset name, with an optional split after a colon (`python -m pipeline datasets` lists them)."""
    path: Path | None = None
    """Where the dataset lies on disk, for those that are not bundled. Relative paths start at the working folder."""
    split: str | None = None
    """Only problems of this split."""
    names: tuple[str, ...] = ()
    """Only problems with these names; empty means all."""
    limit: Positive | None = None
    """At most this many problems, first by name."""
    prefix: str = ""
    """Put before the name of each problem, for suites that have names in common."""


class ModelSettings(Group):
    kind: Literal["local", "endpoint", "none"] = "local"
    """`local` runs vLLM in an actor, `endpoint` calls an OpenAI-compatible server, `none` leaves the model out."""
    path: Path | None = None
    """Folder of a Hugging Face model for `local`; empty means the one that `name` says."""
    base_url: str = "http://localhost:8000/v1"
    """Address of an `endpoint`."""
    name: str = ""
    """Name of the model at an `endpoint`; for `local`, `memoryformer_small` is the one that comes with the project, and
    empty means SmolLM2-135M-Instruct, which `make setup` converted."""
    api_key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds the key of an `endpoint`; the key itself is never written anywhere."""
    threads: Positive = 1
    """OpenMP threads of the CPU engine; more than the free cores makes it much slower."""
    gpus: float = Field(default=0.0, ge=0.0)
    """GPUs that the actor reserves, each replica so many."""
    replicas: Positive = 1
    """Actors of a run that have this `local` model, over the nodes of the cluster; a prompt goes to the one that has
    least to do."""
    context: Annotated[int, Field(ge=256)] = 2048
    """Longest prompt plus output, in tokens."""
    kv_cache_gib: Positive = 1
    """Memory for the CPU engine's key-value cache, in GiB."""
    batch: Positive = 16
    """Sequences that the engine decodes at once."""
    instructed: bool = True
    """Whether prompts say what is asked and show worked examples. Off for a model that only knows how files of the
    prover go on, as one that `train` made: then a prompt is the end of such a file."""
    prompt_format: Literal["lemmary", "deepseek-prover-v2", "goedel-prover-v2", "kimina-prover"] = "lemmary"
    """How the model is asked: `lemmary`, by the templates of the project; the others as these public models for Lean 4
    were trained, for whole proofs of problems alone. Give these thousands of `max_tokens`."""
    max_tokens: Positive = 96
    """Longest output of one completion, in tokens."""
    temperature: float = Field(default=0.7, ge=0.0, le=2.0)
    """Sampling temperature."""
    tokens_per_round: Natural = 6000
    """Output tokens that one round may spend on all of its prompts."""
    cpu_share: float = Field(default=0.1, gt=0.0, le=1.0)
    """Share of the CPU seconds that the model may take, in each session of a run, or the share of the proved problems
    that it proved, if that is more; 1 sets no limit. LEGO-Prover's policy has none."""


class RetrievalSettings(Group):
    """Which library lemmas a step may see. All but the first value of each setting serve comparisons (`compare`)."""

    visibility: Literal["shared", "isolated", "none"] = "shared"
    """`shared`: every problem sees every lemma over its definitions; `isolated`: only those that its own attempts,
    requests and explorations made, each problem exploring for itself; `none`: no lemma outlives the attempt that
    made it."""
    order: Literal["ranked", "random", "first", "other_clusters"] = "ranked"
    """How an attempt at a problem chooses among the lemmas that it may see: by relevance, at random, in order of
    admission, or by relevance among those that do not come from a problem of its own cluster."""
    rankings: tuple[Literal["lexical", "proofs"], ...] = Field(default=("lexical",), min_length=1)
    """What relevance is fused from: `lexical`, BM25 over the constants of statements; `proofs`, what the proofs of
    similar statements use; docs/benchmarks.md compares them."""


class ProveSettings(Group):
    workers: Count = 2
    """Worker actors that prove and evolve side by side; `auto` means one for each verification actor."""
    lemmas: Natural = 24
    """Library lemmas retrieved for one goal; more than a few dozen only slow its proof down."""
    candidate_cpu_seconds: float = Field(default=2.0, gt=0.0)
    """CPU limit of one candidate in a warm session."""
    scripts: Natural = 80
    """Scripts of the automation tried on a problem, as many without lemmas, with those selected, and with the closest
    few of these; 0 leaves automation out."""
    saturation: bool = True
    """Whether E (`eprover`, where it is installed) chooses lemmas for further scripts of conditional proofs, where
    others failed. Rocq only."""
    cpu_seconds: float = Field(default=20.0, gt=0.0)
    """Prover CPU seconds of an attempt in the first two rounds after which no further script is tried; each later round
    has twice those of the one before, up to eight times. Without any lemma it is a tenth while rounds follow."""
    samples: Natural = 4
    """Proofs that the language model writes for one attempt that automation did not solve."""
    repairs: Natural = 1
    """Further proofs per attempt that are asked for with the prover's error message in the prompt."""
    style: Literal["tactics", "blocks"] = "tactics"
    """How the language model is asked: `tactics` for one tactic block, which small models can continue; `blocks` as in
    LEGO-Prover: it plans and asks for lemmas first, then writes auxiliary lemmas and the theorem with their proofs."""
    retrieved_for_problem: Natural = 6
    """Lemmas retrieved for a prompt by the problem's statement and informal text."""
    retrieved_for_request: Natural = 2
    """Lemmas retrieved for a prompt by each lemma that the plan asks for (style `blocks`)."""
    prompt_lemmas: Natural = 4
    """Retrieved lemmas that a prompt shows, with their proofs as far as they fit."""
    requests: Natural = 6
    """Stuck goals of one attempt that become requests, best first."""


class RepairSettings(Group):
    """Proofs of the language model that fail are repaired by the prover's own automation (`verifiers.repair`)."""

    candidates: Natural = 6
    """Failed proofs of one attempt, lemmas of theirs included, whose repair is tried; 0 repairs none."""
    changes: Positive = 4
    """Places that may be changed in one proof."""
    step_cpu_seconds: float = Field(default=1.0, gt=0.0)
    """CPU limit of one tactic at one place."""
    cpu_seconds: float = Field(default=5.0, gt=0.0)
    """Prover CPU seconds for one proof after which nothing more is tried."""
    rocq: tuple[str, ...] = (
        *("easy", "auto", "congruence", "lia", "lra", "ring", "simpl in *; congruence", "simpl in *; lia"),
        *("subst; simpl in *; auto", "auto with *", "eauto", "intuition (subst; auto)", "field; auto", "btauto"),
        "simpl in *; do 3 (try match goal with H : context [_ = _] |- _ => rewrite H end); auto",
        *("f_equal; auto", "split; auto", "intuition lia", "intuition lra", "nia", "nra", "firstorder"),
        *("sfirstorder", "sauto", "psatz R 2", "psatz Z 2"),
    )
    """Tactics that are to close a goal, in the order in which they are tried; unknown ones are left out."""
    rocq_moves: tuple[str, ...] = ("intros", "simpl", "simpl in *", "subst", "symmetry")
    """Tactics that may stand before a step that fails, or in its place."""
    lean4: tuple[str, ...] = (
        *("rfl", "eq_refl", "assumption", "simp", "simp_all", "omega", "decide", "norm_num", "linarith", "positivity"),
        *("ring", "tauto"),
        *("grind", "nlinarith", "field_simp; ring", "aesop", "exact?"),
    )
    """As `rocq`, for Lean 4."""
    lean4_moves: tuple[str, ...] = ("intros", "simp", "simp at *", "subst_vars", "symm", "norm_num", "push_cast")
    """As `rocq_moves`, for Lean 4."""
    isabelle: tuple[str, ...] = (
        *("auto", "simp", "blast", "fastforce", "force", "eval", "presburger", "sos", "arith", "linarith"),
        "(auto simp: field_simps)",
    )
    """As `rocq`, for Isabelle: methods of LEGO-Prover's checker in its order."""


class EvolveSettings(Group):
    enabled: bool = True
    """Whether the library grows between and during rounds."""
    workers: Positive = 1
    """Workers kept for evolution while problems are proved; a single worker proves first."""
    budget_share: Fraction = 0.67
    """Share of the budget of CPU seconds after which no step of evolution starts; the rest is for proving with what
    was learned. Evolution goes on beyond it while attempts at the problems still open cannot use up the rest."""
    explore_first: Natural = 0
    """Passes over all signatures in the first round, before any problem is attempted, with no evolution after it: the
    first pass finds conjectures, each later one proves more of them. 0 explores only for problems that stay open, and
    proves of what it found only what a proof needs."""
    charge_repeats: bool = True
    """Whether the budget is charged for the exploration of a signature that was explored for another problem; without
    effect unless `retrieval.visibility` is `isolated`."""
    exploration: bool = True
    """Whether the signatures of open problems are explored for conjectures."""
    scripts: Natural = 10
    """As `prove.scripts`, for a conjecture and for conditional proofs; a request gets as many as a problem. 0 leaves
    both out."""
    cpu_seconds: float = Field(default=5.0, gt=0.0)
    """Prover CPU seconds on a conjecture, or on the first try at a request, after which no further script is tried."""
    request_tries: Positive = 3
    """Tries after which a request waits until evolution has brought half as many lemmas again, and failed proofs after
    which no conditional proof assumes it any more. Each try has twice the time of the one before, up to eight times."""
    request_steps: Natural = 60
    """Requests tried in one round."""
    model_steps: Natural = 8
    """Steps in one round that ask the language model for a new statement from a lemma or for a request's proof."""
    policy: Literal["bandit", "faithful"] = "bandit"
    """What is next: `bandit` draws by what each kind of step and each lemma has brought for its CPU seconds; `faithful`
    is LEGO-Prover's mix, by the language model alone, the least updated first."""
    request_share: Fraction = 0.7
    """Share of steps that answer requests in the policy `faithful`; the rest evolve a lemma in some direction."""


class ConsolidateSettings(Group):
    enabled: bool = True
    """Whether lemmas that another one proves in one step, and unused ones that automation does, leave retrieval at the
    end of a round."""


class VerifierSettings(Group):
    processes: Count = 2
    """Verification actors, each with warm sessions of its own. `auto` means as many as the cluster has cores and
    memory for, which is `sessions` times `memory_mib` for each."""
    sessions: Positive = 3
    """Warm sessions that one verification actor keeps."""
    memory_mib: Annotated[int, Field(ge=1024)] = 2048
    """Memory of one prover process, for Lean without the files that it maps (Mathlib's are gigabytes); with less than a
    gibibyte a prover does not get through its own libraries."""
    audit_cpu_seconds: float = Field(default=60.0, gt=0.0)
    """CPU limit of each step of an audit."""


class RaySettings(Group):
    address: str | None = None
    """Cluster to join (`auto`, `ray://…`); empty starts a local one, or joins the one whose job this is."""
    object_store_mib: Annotated[int, Field(ge=100)] = 512
    """Object store of a local cluster."""
    cpus: Count = "auto"
    """Cores that a local cluster offers; `auto` means those of the machine."""


class RunSettings(Group):
    """Everything that a run needs; `config.yaml` of a run directory is this, resolved."""

    seed: Natural = 0
    """Fixes every decision of ours: order, test data, sampling seeds."""
    rounds: Positive = 3
    """Rounds of prove and evolve."""
    cpu_seconds: float = Field(default=3600.0, gt=0.0)
    """Budget of the whole process tree, model and provers included, over all sessions of the run; no new step starts
    after it is spent."""
    problems: tuple[ProblemSource, ...] = ()
    """Where the problems come from."""
    library: Path | None = None
    """A run directory whose library is read in before round one, or a JSONL file of lemmas (docs/first_run.md)."""
    library_round: Positive | None = None
    """The round of `library` as it was after which it is read; empty means its last."""
    deduplication: Literal["statement", "difflib"] = "statement"
    """Which new lemmas are left out: `statement`, those whose statement is a lemma already; `difflib`, also those whose
    text is 85 % alike to that of a lemma present, which is LEGO-Prover's rule."""
    model: ModelSettings = ModelSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    prove: ProveSettings = ProveSettings()
    repair: RepairSettings = RepairSettings()
    evolve: EvolveSettings = EvolveSettings()
    consolidate: ConsolidateSettings = ConsolidateSettings()
    verifiers: VerifierSettings = VerifierSettings()
    ray: RaySettings = RaySettings()

    @model_validator(mode="after")
    def _model_is_named(self) -> RunSettings:
        if self.model.kind == "endpoint" and not self.model.name:
            raise ValueError("model.name: an endpoint needs the name of its model")
        if self.model.kind != "local" and self.model.replicas > 1:
            raise ValueError("model.replicas: only a model of kind local is started several times")
        if self.model.kind == "local" and self.model.path is None and self.model.name not in ("", *OWN_MODELS):
            raise ValueError(f"model.name: {self.model.name!r} is none of {', '.join(OWN_MODELS)}; or set model.path")
        return self

    @model_validator(mode="after")
    def _whole_proofs_fit(self) -> RunSettings:
        asked, tokens = self.model.prompt_format, self.model.max_tokens
        if asked != "lemmary" and tokens < LEAST_TOKENS:
            raise ValueError(f"model.max_tokens: {asked} writes whole proofs: give it {LEAST_TOKENS} or more")
        return self

    @model_validator(mode="after")
    def _nothing_given_is_hidden(self) -> RunSettings:
        if self.library is not None and self.retrieval.visibility != "shared":
            raise ValueError("library: with `retrieval.visibility` other than shared, no problem would see its lemmas")
        return self


def read(path: Path, overrides: tuple[str, ...] = ()) -> RunSettings:
    """The settings of a run in a YAML file, with `key.sub=value` overrides (values are YAML).

    Raises:
        UserError: the file is missing, is not YAML, or has an unknown or ill-typed key (named in the message).
    """
    return typed_yaml.read(RunSettings, path, overrides)


def resolve(tree: Any, overrides: tuple[str, ...] = (), *, where: str = "configuration") -> RunSettings:
    """Validates a plain tree as settings of a run."""
    return typed_yaml.resolve(RunSettings, tree, overrides, where=where)
