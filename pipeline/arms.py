"""The arms of a comparison: each is a name, what it stands for, and what it changes in the settings of a run.

Everything else about an arm is the run's own: loop, actors, store, order, seed and budget are the same for all.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import yaml

from domain import UserError
from pipeline import config
from pipeline.config import RunSettings


class Arm(NamedTuple):
    """One experimental condition. `changes` maps keys of the settings, dotted, to values."""

    says: str
    changes: Mapping[str, Any] = MappingProxyType({})


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
    "no_exploration": Arm("no exploration", {"evolve.explorations": 0}),
    "no_evolver": Arm(
        "no requests are answered and no lemmas evolved by a model; exploration goes on",
        {"evolve.request_steps": 0, "evolve.model_steps": 0},
    ),
    "no_sleep": Arm("no consolidation", {"consolidate.enabled": False}),
}

PRIMARY = ("shared", "isolated")
"""The contrast that a comparison is about (design, section 7); all others are secondary."""


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


def settings_of(base: RunSettings, name: str, seed: int) -> RunSettings:
    """The settings of a run of an arm with a seed."""
    changes = {**arm(name).changes, "seed": seed}
    overrides = tuple(f"{key}={json.dumps(value)}" for key, value in changes.items())
    return config.resolve(yaml.safe_load(config.dump(base)), overrides, where=f"arm {name}")
