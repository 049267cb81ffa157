"""What `doctor` does with the sandbox and the provers: each has to do its work, and to refuse what is false.

A check returns what it saw or raises `AilmentError`.
"""

import re
import shlex
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from domain import Candidate, Problem
from pipeline.proposers.automation import saturation
from verifiers.audit.rocq.version import program
from verifiers.audit.sandbox import Finished, Limits, Sandbox

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


class AilmentError(Exception):
    """What is wrong with a part, and how to mend it."""

    def __init__(self, says: str, mend: str) -> None:
        super().__init__(says)
        self.says = says
        self.mend = mend


def last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "it said nothing")


def check_sandbox() -> str:
    box = Sandbox()
    if box.degraded is not None:
        raise AilmentError(box.degraded, "apt-get install bubblewrap, and allow user namespaces")
    with TemporaryDirectory(prefix="lemmary-run-") as run, box.folder() as folder:
        secret, planted = Path(run) / "journal", Path(run) / "planted"
        secret.write_text("a line of a journal")
        Path(run).chmod(0o777)  # so that it is the sandbox, not the file's mode, that is asked
        secret.chmod(0o666)
        box.run(["sh", "-c", f"echo x >{planted}"], folder, LIMITS)
        if planted.exists():
            raise AilmentError("it let through a write outside its folder", "report this: it is a bug")
        if box.run(["cat", str(secret)], folder, LIMITS).ok:
            raise AilmentError("it let through a read of a run directory", "report this: it is a bug")
        if not box.run(["sh", "-c", "echo x >inside"], folder, LIMITS).ok:
            raise AilmentError("a process cannot write to its own folder", "check the temporary folder's permissions")
    return "bubblewrap blocked a write outside its folder and a read of a run directory"


def check_rocq() -> str:
    coqc = _installed_program("coqc")
    with Sandbox().folder() as folder:
        version = last_line(_boxed(folder, *coqc, "--print-version").output).split()[0]
        true = _compile(folder, PROOF)
        if not true.ok:
            raise AilmentError(f"coqc {version} does not prove 1 = 1: {last_line(true.output)}", ROCQ_PACKAGES)
        if _compile(folder, PROOF.replace("1 = 1", "1 = 2")).ok:
            raise AilmentError(f"coqc {version} accepted 1 = 2", "reinstall coq")
    return f"Rocq (Coq) {version} proved 1 = 1 and refused 1 = 2"


def check_coqidetop() -> str:
    interaction = shlex.join(_installed_program("coqidetop.opt"))
    ask = f"printf '%s' '{COQIDETOP_QUESTION}' | {interaction} -q -main-channel stdfds"
    with Sandbox().folder() as folder:
        answer = _boxed(folder, "sh", "-c", ask).output
    if '<value val="good"><coq_info>' not in answer:
        raise AilmentError(f"{interaction} does not speak XML: {last_line(answer)}", ROCQ_PACKAGES)
    return "a warm session answered over XML"


def check_coqchk() -> str:
    coqchk = _installed_program("coqchk")
    with Sandbox().folder() as folder:
        _compile(folder, PROOF)
        result = _boxed(folder, *coqchk, "-silent", "-o", "-norec", MODULE)
    if not result.ok or "Axioms: <none>" not in " ".join(result.output.split()):
        raise AilmentError(f"coqchk does not check the proof of 1 = 1: {last_line(result.output)}", ROCQ_PACKAGES)
    return "checked the compiled proof of 1 = 1, no axioms"


def check_dpdgraph() -> str:
    with Sandbox().folder() as folder:
        result = _compile(folder, DEPENDENT)
    if not result.ok or not re.search(r"\bused\b", result.output):
        raise AilmentError(
            "proof dependencies cannot be read", "apt-get install --no-install-recommends libcoq-dpdgraph"
        )
    return "read from a proof term which lemma it uses"


def check_eprover() -> str:
    if not saturation.available():
        raise AilmentError("not installed; runs choose lemmas without it", f"apt-get install {saturation.PROGRAM}")
    answer = saturation.ask("fof(l0, axiom, ![X]: f(X) = X).\nfof(g, conjecture, f(f(c)) = c).\n")
    if answer.used != {0}:
        raise AilmentError("it does not prove f(f(c)) = c from f(x) = x", f"reinstall {saturation.PROGRAM}")
    return "E proved f(f(c)) = c from f(x) = x"


def _installed_program(name: str) -> tuple[str, ...]:
    """The command for a program of Rocq, under its name in the installed version."""
    command = program(name)
    if shutil.which(command[0]) is None:
        raise AilmentError(f"{name} is not installed", ROCQ_PACKAGES)
    return command


def _boxed(folder: Path, *command: str) -> Finished:
    return Sandbox().run(command, folder, LIMITS)


def _compile(folder: Path, text: str) -> Finished:
    (folder / f"{MODULE}.v").write_text(text)
    return _boxed(folder, *program("coqc"), "-q", f"{MODULE}.v")


def check_isabelle() -> str:
    from verifiers.audit.isabelle.settings import IsabelleSettings
    from verifiers.isabelle.verifier import IsabelleVerifier

    settings = IsabelleSettings.from_environment()
    if not settings.found:
        raise AilmentError("none found; only problems for Isabelle need it", "docs/isabelle.md says how to name one")
    verifier = IsabelleVerifier(settings)
    try:
        version = verifier.version
        if verifier.stand_in:
            raise AilmentError(f"{version!r} answers, which is no release of Isabelle known here", "")
        problems = [Problem(MODULE, "isabelle", "", f'theorem {MODULE}: "{said}"') for said in ("True", "False")]
        true, false = verifier.audit([Candidate(problem, "by simp") for problem in problems])
    finally:
        verifier.close()
    if not true.accepted:
        said = last_line(true.messages[0].text) if true.messages else true.reason
        raise AilmentError(f"{version} does not prove True: {said}", "docs/isabelle.md")
    if false.verdict != "rejected":
        raise AilmentError(f"{version} does not refuse False: {false.verdict}", "docs/isabelle.md")
    return f"{version} proved True and refused False"


def check_lean() -> str:
    from verifiers.audit.lean.toolchain import LeanSettings
    from verifiers.lean.verifier import LeanVerifier

    verifier = LeanVerifier(LeanSettings.from_environment())
    try:
        version = verifier.describe()
        if not verifier.toolchain.embedded:
            version += f" ({verifier.toolchain.command[0]})"
        problems = [Problem(MODULE, "lean4", "", f"theorem {MODULE} : {said}") for said in ("True", "False")]
        true, false = verifier.audit([Candidate(problem, "exact True.intro") for problem in problems])
    finally:
        verifier.close()
    if not true.accepted:
        said = last_line(true.messages[0].text) if true.messages else true.reason
        raise AilmentError(f"{version} does not prove True: {said}", "docs/lean.md")
    if false.verdict != "rejected":
        raise AilmentError(f"{version} does not refuse False: {false.verdict}", "docs/lean.md")
    return f"{version} proved True and refused False"
