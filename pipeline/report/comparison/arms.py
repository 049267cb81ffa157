"""The arms of a comparison: each is a name, what it stands for, and what it changes in the settings of a run.

Everything else about an arm is the run's own: loop, actors, store, order, seed and budget are the same for all.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml

from domain import UserError
from pipeline import config, typed_yaml
from pipeline.config import RunSettings


class Arm(NamedTuple):
    """One experimental condition. `changes` maps keys of the settings, dotted, to values."""

    says: str
    changes: Mapping[str, Any] = MappingProxyType({})


FAITHFUL = Path(__file__).resolve().parents[3] / "configs" / "lego_prover_faithful.yaml"
"""The configuration whose policies the arm `faithful` has."""

_POLICIES = ("deduplication", "prove", "repair", "evolve")
_SIZES = ("workers", "model_steps", "cpu_seconds", "candidate_cpu_seconds", "step_cpu_seconds")
"""Settings of these groups that fit a machine, a problem set or a budget: each arm keeps those of the configuration."""


def _faithful() -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load(FAITHFUL.read_text(encoding="utf-8"))
    groups = {group: tree[group] for group in _POLICIES}
    return {
        f"{group}.{key}" if key else group: value
        for group, values in groups.items()
        for key, value in (values.items() if isinstance(values, dict) else [("", values)])
        if key not in _SIZES
    }


_NOTHING_LEARNED = {"evolve.enabled": False, "consolidate.enabled": False, "prove.requests": 0}

ARMS: Mapping[str, Arm] = {
    "shared": Arm("the settings as given: one library for all problems"),
    "isolated": Arm(
        "a lemma is visible only to the problem whose attempt, request or exploration made it; each problem explores "
        "for itself, and every exploration is paid for",
        {"retrieval.visibility": "isolated"},
    ),
    "isolated_cached": Arm(
        "isolated, but a signature explored for several problems in one round is charged once",
        {"retrieval.visibility": "isolated", "evolve.charge_repeats": False},
    ),
    "explore_once": Arm(
        "one long exploration first, then one attempt at each problem: no requests, no later rounds, no consolidation",
        {"rounds": 2, "evolve.explore_first": 2, "consolidate.enabled": False, "prove.requests": 0},
    ),
    "plain": Arm("nothing outlives an attempt: no library", {"retrieval.visibility": "none", **_NOTHING_LEARNED}),
    "shuffled": Arm("attempts get random lemmas over their definitions", {"retrieval.order": "random"}),
    "wrong_library": Arm("attempts get only lemmas of other clusters", {"retrieval.order": "other_clusters"}),
    "unselected": Arm("attempts get the lemmas that were admitted first", {"retrieval.order": "first"}),
    "no_model": Arm("no language model", {"model.kind": "none"}),
    "no_surgery": Arm("no requests from stuck goals", {"prove.requests": 0}),
    "no_exploration": Arm("no exploration", {"evolve.exploration": False}),
    "no_evolver": Arm(
        "evolution answers no requests and a model evolves no lemmas; exploration and conditional proofs go on",
        {"evolve.request_steps": 0, "evolve.model_steps": 0},
    ),
    "no_sleep": Arm("no consolidation", {"consolidate.enabled": False}),
    "given": Arm("an upper bound: the library begins with the lemmas of a file (--given), each audited first"),
    "faithful": Arm(
        "LEGO-Prover's policies: a language model plans, asks for lemmas, writes and evolves; nothing else proposes",
        _faithful(),
    ),
}

PRIMARY = ("shared", "isolated")
"""The contrast that a comparison is about (docs/compare.md); all others are secondary."""


def arm(name: str) -> Arm:
    """The arm of that name.

    Raises:
        UserError: there is none.
    """
    if name not in ARMS:
        near = difflib.get_close_matches(name, ARMS, n=1)
        guess = f"did you mean {near[0]}?" if near else f"choose among {', '.join(ARMS)}"
        raise UserError(f"--arms: there is no arm {name!r}: {guess}")
    return ARMS[name]


def settings_of(base: RunSettings, name: str, seed: int, given: Path | None = None) -> RunSettings:
    """The settings of a run of an arm with a seed; `given` is the file of lemmas of the arm `given`.

    Raises:
        UserError: there is no such arm, or it cannot do anything with these settings.
    """
    changes = {**arm(name).changes, "seed": seed}
    if name == "faithful" and base.model.kind == "none":
        raise UserError("arm faithful: all is done by the language model, and model.kind is none: choose a model")
    if name == "given":
        if given is None or base.library is not None:
            what = "--given FILE.jsonl is missing" if given is None else "the configuration has a `library` already"
            raise UserError(f"arm given: {what}: name one file of lemmas (docs/compare.md)")
        changes["library"] = str(given)
    overrides = tuple(f"{key}={json.dumps(value)}" for key, value in changes.items())
    return config.resolve(yaml.safe_load(typed_yaml.dump(base)), overrides, where=f"arm {name}")
