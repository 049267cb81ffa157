"""Ray's job server: a client of it, within seconds and with the token, and one line for what goes wrong there."""

import logging
import os
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from domain import OutsideError, UserError

ANSWER_SECONDS = 10.0
"""How long the head node may take to answer the first request."""


def connect(address: str) -> Any:
    """A client of the job server at `address`.

    Raises:
        UserError: the address is none.
        OutsideError: nobody answers there, or the cluster wants another token.
    """
    if not address.startswith(("http://", "https://")):
        raise UserError(
            f"--address {address}: has to begin with http://, as in http://HEAD:8265 (the dashboard's port)"
        )
    headers = headers_for(address)
    from ray.job_submission import JobSubmissionClient

    for name in ("ray", "ray.dashboard.modules.dashboard_sdk", "ray.dashboard.modules.job.sdk"):
        logging.getLogger(name).setLevel(logging.ERROR)  # they tell of every file packed and every socket closed
    try:
        return JobSubmissionClient(address, headers=headers)
    except (RuntimeError, ConnectionError, ValueError, KeyError) as error:
        raise OutsideError(f"{address}: is not a Ray job server: {line_of(error)}") from error


def headers_for(address: str) -> dict[str, str]:
    """What every request to the server at `address` carries: nothing, or this machine's token if it wants one.

    Raises:
        OutsideError: nobody answers there, or the cluster wants another token.
    """
    headers: dict[str, str] = {}
    answer = _version(address, headers)
    if answer in (401, 403) and (token := _token()):
        headers = {"Authorization": f"Bearer {token}"}
        answer = _version(address, headers)
    if answer in (401, 403):
        raise OutsideError(_wrong_token(address))
    return headers


def _version(address: str, headers: dict[str, str]) -> int:
    """The HTTP status with which the server answers the question for its version; Ray's client would wait for ever."""
    try:
        request = Request(f"{address.rstrip('/')}/api/version", headers=headers)  # noqa: S310 (`connect` saw http)
        with urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (HTTPException, OSError, ValueError) as error:
        raise OutsideError(f"{address}: no Ray job server answers ({error}); is it up? (docs/cluster.md)") from error


def _token() -> str | None:
    """Ray's token, from where Ray looks for it. Ray's own client sends it only when RAY_AUTH_MODE says so."""
    if token := os.environ.get("RAY_AUTH_TOKEN"):
        return token.strip()
    file = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token")
    return file.read_text(encoding="utf-8").strip() if file.is_file() else None


def asked(client: Any, method: str, *arguments: Any, **named: Any) -> Any:
    """One request to the job server; what goes wrong there becomes one line."""
    from ray.exceptions import AuthenticationError

    try:
        return getattr(client, method)(*arguments, **named)
    except AuthenticationError as error:
        raise OutsideError(_wrong_token(client.get_address())) from error
    except (RuntimeError, OSError) as error:  # Ray says with RuntimeError what the server answered
        raise OutsideError(f"{client.get_address()}: {line_of(error)}") from error


def info(client: Any, job: str) -> Any:
    try:
        return asked(client, "get_job_info", job)
    except OutsideError as error:
        if "404" in str(error):
            raise UserError(f"there is no job {job} at {client.get_address()}") from error
        raise


def _wrong_token(address: str) -> str:
    return (
        f"{address}: the cluster does not accept this machine's Ray token; copy ~/.ray/auth_token from the head node "
        "(or point RAY_AUTH_TOKEN_PATH at it), or set RAY_AUTH_MODE=disabled on both sides (docs/cluster.md)"
    )


def line_of(error: object) -> str:
    text = " ".join(str(error).split())
    return text[:300]
