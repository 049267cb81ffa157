"""Servers for what a healthy one cannot show (one fails as it is told to, the other answers by a script), and Ray's."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import ray


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def unsteady_server(failures: list[int | None]) -> Generator[str]:
    """Answers the first requests with these statuses (None closes the connection), later ones with a list of models."""
    left = list(failures)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = left.pop(0) if left else 200
            if status is None:
                self.close_connection = True
                return
            body = json.dumps({"data": [{"id": "smol", "owned_by": "tests"}]}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the standard library's)
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def scripted_server(answer: Callable[[str, str], str]) -> Generator[str]:
    """An OpenAI-compatible server whose model `scripted` answers system and user message by a function."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.say({"data": [{"id": "scripted", "owned_by": "tests"}]})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            said = {message["role"]: message["content"] for message in asked["messages"]}
            text = answer(said.get("system", ""), said["user"])
            usage = {"prompt_tokens": len(said["user"]) // 3, "completion_tokens": len(text) // 3}
            self.say({"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": usage})

        def say(self, value: dict[str, Any]) -> None:
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name is the standard library's)
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def ray_node(
    environment: dict[str, str], log: Path, *options: str, folder: Path | None = None
) -> subprocess.Popen[bytes]:
    """A node of the cluster, as the process that we own and end."""
    common = ("--block", "--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats")
    with log.open("wb") as stream:
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("ray")), "start", *common, *options],
            env=environment,
            cwd=folder,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )


def end(node: subprocess.Popen[bytes]) -> None:
    node.send_signal(signal.SIGTERM)
    try:
        node.wait(40)
    except subprocess.TimeoutExpired:
        node.kill()


def exported(wanted: set[str]) -> dict[str, float]:
    """Our metrics in Ray's exporter on this node, with their own tags, as soon as all that are wanted are there."""
    [node] = ray.nodes()
    found: dict[str, float] = {}
    for _ in range(60):
        text = httpx.get(f"http://127.0.0.1:{node['MetricsExportPort']}/metrics", timeout=10).text
        for name, tags, value in re.findall(r"^(ray_lemmary_\w+)\{(.*)\} (\S+)$", text, re.MULTILINE):
            own = sorted(re.findall(r'(?:call|verdict|reason|kind|prover|finish|direction)="\w+"', tags))
            found[f"{name} {' '.join(own)}"] = float(value)
        if wanted <= found.keys():
            return found
        time.sleep(1)
    raise AssertionError(f"{wanted - found.keys()} are not among {sorted(found)}")
