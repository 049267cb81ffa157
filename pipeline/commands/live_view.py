"""`submit --watch`: a job on a terminal, redrawn in place: what stands on each node, and its log's last lines."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict, deque
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from domain import OutsideError, UserError
from pipeline.commands.job_server import headers_for, info, line_of

POLL_SECONDS = 2.0
"""Between two questions to the cluster."""

MOST_ACTORS = 10_000
"""So many actors are counted at most; Ray's server sends no more."""

LOG_LINES = 12


def terminal() -> Console:
    """What the view is drawn on.

    Raises:
        UserError: standard output is not a terminal.
    """
    console = Console()
    if not console.is_terminal:
        raise UserError("--watch: standard output is not a terminal; leave it out, and the log is printed")
    return console


class LiveView:
    """A picture of one job. Use as a context manager; the last picture stays on the terminal.

    `client` is that of the job server. `log` takes text of the job's log as it comes.
    """

    def __init__(self, client: Any, job: str) -> None:
        self._client, self._job = client, job
        self._began = time.monotonic()
        self._lines: deque[str] = deque(maxlen=LOG_LINES)
        self._rest = ""
        self._status = "asked for"
        self._nodes: RenderableType = Text("")
        self._ends = threading.Event()
        self._poller = threading.Thread(target=self._poll, daemon=True)
        self._live = Live(console=terminal(), get_renderable=self._picture, refresh_per_second=2)

    def __enter__(self) -> Self:
        self._live.start()
        self._poller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self.log("\n")  # what the log ended with, if it was no whole line
        self._live.stop()

    def log(self, text: str) -> None:
        *whole, self._rest = (self._rest + text).split("\n")
        self._lines.extend(line for line in whole if line)

    def _picture(self) -> RenderableType:
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        head = Text(f"job {self._job}: {self._status}, watched for {minutes} min {seconds:02d} s", style="bold")
        log = [Text(line, no_wrap=True, overflow="ellipsis") for line in [*self._lines]]
        return Group(head, self._nodes, *log)

    def _poll(self) -> None:
        """Asks until the view ends. A question that fails is told in the picture; the log is followed without it."""
        from ray.util.state import StateApiClient
        from ray.util.state.exception import RayStateApiException

        ray: Any = None
        while not self._ends.is_set():
            try:
                if ray is None:
                    ray = StateApiClient(self._client.get_address(), headers=headers_for(self._client.get_address()))
                found = info(self._client, self._job)
                self._status = found.status.lower()
                driver = found.driver_info
                self._nodes = _nodes(ray, None if driver is None else driver.id)
            except (RayStateApiException, OutsideError, UserError, RuntimeError, OSError) as error:
                self._nodes = Text(f"nodes: no answer ({line_of(error)})")
            self._ends.wait(POLL_SECONDS)


def _nodes(ray: Any, driver: str | None) -> Table:
    """One row for a node that is up: what it has, and how many actors of the job's driver stand there."""
    from ray.util.state.common import ListApiOptions, StateResource

    def asked(resource: StateResource, filters: list[tuple[str, str, str | bool | int | float]]) -> list[Any]:
        options_of: Any = ListApiOptions
        options = options_of(limit=MOST_ACTORS, detail=True, filters=filters)
        return ray.list(resource, options=options, raise_on_missing_output=False)

    standing: defaultdict[str | None, Counter[str]] = defaultdict(Counter)
    if driver is not None:
        for actor in asked(StateResource.ACTORS, [("job_id", "=", driver), ("state", "=", "ALIVE")]):
            standing[actor.node_id][actor.class_name] += 1
    table = Table("node", "CPUs", "GPUs", "memory", "actors of this job")
    for node in asked(StateResource.NODES, [("state", "=", "ALIVE")]):
        has = node.resources_total
        table.add_row(
            f"{node.node_ip}{' (head)' if node.is_head_node else ''}",
            f"{has.get('CPU', 0):g}",
            f"{has.get('GPU', 0):g}",
            f"{has.get('memory', 0) / 2**30:.1f} GiB",
            ", ".join(f"{count} {name}" for name, count in sorted(standing[node.node_id].items())) or "none",
        )
    return table
