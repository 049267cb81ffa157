"""What the server says of theories that were asked for, believed as far as it can be understood.

Nothing of it is taken for success: whether a node is clean (consolidated, not cancelled, nothing unprocessed or
running, nothing failed, no error) is asked of each node, since a task that met its limit ends FINISHED with whatever
there is, even with `ok` true.

Invariant: what is missing, repeated or not understood is neither settled nor free of errors.

Layer: the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple


class NodeMessage(NamedTuple):
    """A message of a node; offsets count Isabelle's symbols from 1, or are -1."""

    kind: str
    text: str
    start: int = -1
    end: int = -1


class Node(NamedTuple):
    """What the server says of one theory."""

    theory: str
    settled: bool
    """Nothing of it is unprocessed, running or cancelled, and all forked proofs have ended."""
    failed: bool
    messages: tuple[NodeMessage, ...]
    busy: bool = False
    """Commands of it are left unprocessed or running: a thread may be at it for good."""
    pending: bool = False
    """It is not consolidated, neither cancelled nor failed: asked again, it may be."""

    @property
    def errors(self) -> tuple[NodeMessage, ...]:
        return tuple(one for one in self.messages if one.kind == "error")

    @property
    def clean(self) -> bool:
        return self.settled and not self.failed and not self.errors


@dataclass(frozen=True, slots=True)
class Used:
    """The end of a question. `failed`: the whole task failed (a missing import, say), `message` says how.

    `lost`: the session that was asked is no more, and nothing of the question was begun.
    """

    kind: Literal["finished", "failed", "timeout", "gone", "lost"]
    nodes: Mapping[str, Node] = field(default_factory=dict[str, Node])
    ok: bool = False
    errors: tuple[NodeMessage, ...] = ()
    message: str = ""
    seconds: float = 0.0


def read_used(answer: Mapping[str, Any], folder: Path, seconds: float) -> Used:
    """The result of `use_theories`, believed as far as it can be understood.

    A node that is not in our folder is left out; one that occurs twice is not settled.
    """
    nodes: dict[str, Node] = {}
    listed = answer.get("nodes")
    for entry in listed if isinstance(listed, list) else []:
        node = _node(entry, folder)
        if node is not None:
            twice = node.theory in nodes
            nodes[node.theory] = node._replace(settled=False, pending=False) if twice else node
    errors = answer.get("errors")
    read = (
        tuple(_said(one) for one in errors)
        if isinstance(errors, list)
        else (NodeMessage("error", "no list of errors"),)
    )
    return Used("finished", nodes, answer.get("ok") is True, read, seconds=seconds)


def _node(entry: Any, folder: Path) -> Node | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("theory_name"), str):
        return None
    name: str = entry["theory_name"].rpartition(".")[2]
    if not _is_ours(entry.get("node_name"), folder, f"{name}.thy"):
        return None
    status: Any = entry.get("status")
    known: dict[str, Any] = status if isinstance(status, dict) else {}
    busy = known.get("unprocessed") != 0 or known.get("running") != 0
    failed = known.get("ok") is not True or known.get("failed") != 0
    settled = known.get("consolidated") is True and known.get("canceled") is False and not busy
    pending = known.get("consolidated") is False and known.get("canceled") is False and not failed
    messages = entry.get("messages")
    if not isinstance(messages, list):
        return Node(name, False, failed, (), busy)
    return Node(name, settled, failed, tuple(_said(one) for one in messages), busy, pending)


def _is_ours(node_name: Any, folder: Path, file: str) -> bool:
    """Whether a node is of a file of ours. A path that is not absolute is an abbreviation: only its end can be read."""
    if not isinstance(node_name, str):
        return False
    path = Path(node_name)
    if not path.is_absolute():
        return path.name == file
    return path == folder / file or path.resolve() == (folder / file).resolve()


def _said(entry: Any) -> NodeMessage:
    """A message; one that is not understood counts as an error."""
    if not isinstance(entry, dict) or not isinstance(entry.get("message"), str):
        return NodeMessage("error", f"not understood: {entry!r}"[:200])
    position: Any = entry.get("pos")
    known: dict[str, Any] = position if isinstance(position, dict) else {}
    start, end = known.get("offset"), known.get("end_offset")
    return NodeMessage(
        str(entry.get("kind")),
        entry["message"],
        start if isinstance(start, int) else -1,
        end if isinstance(end, int) else -1,
    )
