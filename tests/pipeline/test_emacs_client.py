"""The client for Emacs, with a real Emacs, a real server and a real prover. Skipped where there is no Emacs."""

import shutil
import subprocess
from pathlib import Path

import pytest

CLIENT = Path("pipeline/development/lemmary.el")

pytestmark = pytest.mark.skipif(shutil.which("emacs") is None, reason="Emacs is not installed (emacs-nox)")

OWN = """Require Import List.
Import ListNotations.

(* Ähnlich wie {name}: *)
Section Own.
  Variable A : Type.

  Fixpoint turn (l : list A) : list A :=
    match l with
    | [] => []
    | x :: r => turn r ++ [x]
    end.

  Lemma turn_app (l m : list A) : turn (l ++ m) = turn m ++ turn l.
  Proof.
    induction l.
    - simpl. admit.
    - simpl. rewrite IHl. apply app_assoc_reverse.
  Admitted.

  Lemma turn_rev (l : list A) : turn l = rev l.
  Proof. Admitted.

  Lemma none (l : list A) : l = [].
  Proof.
  Admitted.
End Own.
"""

ASK = """
(progn
  (load (expand-file-name "{client}") nil t)
  (find-file "{file}")
  (dolist (line '({lines}))
    (goto-char (point-min))
    (forward-line (1- line))
    (lemmary-suggest)
    (while (not (plist-get lemmary--found :done)) (accept-process-output lemmary--server 1))
    (princ (format "== %d\\n%s" line (with-current-buffer "*Lemmary*" (buffer-string))))
    (condition-case problem (lemmary-insert) (user-error (princ (format "%s\\n" (cadr problem))))))
  (save-buffer)
  (lemmary-quit))
"""


def emacs(repository: Path, script: str) -> str:
    command = ["emacs", "--batch", "-Q", "--eval", script]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_compiles_without_a_warning(repository: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(repository / CLIENT, tmp_path))
    emacs(repository, f'(progn (setq byte-compile-error-on-warn t) (or (byte-compile-file "{copy}") (kill-emacs 1)))')


def test_goals_are_shown_and_proofs_put_in_their_places(repository: Path, tmp_path: Path) -> None:
    file = tmp_path / "Own.v"
    file.write_text(OWN)
    said = emacs(repository, ASK.format(client=CLIENT, file=file, lines="24 22 17"))
    false, proved, gap = said.split("== ")[1:]
    assert "It is false, for" in false
    assert "No proof is known" in false
    assert "A proof of it:" in proved
    assert "turn m = turn m ++ []" in gap
    assert "Done." in gap
    written = file.read_text()
    assert written.count("admit.") == 0
    assert written.count("Admitted.") == 2  # of a false statement, and behind a proof whose end is not for us to say
    assert written.splitlines()[3] == OWN.splitlines()[3]
    assert " \n" not in written
    compiles(file, written.replace("  Proof.\n  Admitted.", "  Abort.").replace("Admitted.", "Qed."))


def test_the_lemmas_that_a_proof_needs_are_put_above_its_statement(repository: Path, tmp_path: Path) -> None:
    file = tmp_path / "Own.v"
    begin, end = OWN[: OWN.index("  Lemma")], "  Lemma twice (l : list A) : turn (turn l) = l.\n  Admitted.\nEnd Own.\n"
    file.write_text(begin + end)
    said = emacs(repository, ASK.format(client=CLIENT, file=file, lines=begin.count("\n") + 2))
    assert "With this lemma the goal is proved:" in said
    written = file.read_text()
    assert written.startswith(f"{begin}  Lemma turn_")
    assert "\n  Qed.\n\n  Lemma twice (l : list A) : turn (turn l) = l.\n  Proof.\n    induction l.\n" in written
    assert "Admitted." not in written
    compiles(file, written)


def compiles(file: Path, text: str) -> None:
    file.write_text(text)
    done = subprocess.run(["coqc", "-q", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stderr}\n{text}"
