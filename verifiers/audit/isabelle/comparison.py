"""The audit theory A: ML that compares a candidate's theorem with the frozen statement, and what it says.

A is ours, imports the candidate's theory C and the statement's theory R, and prints, each line behind a nonce that
nobody could know before: whether the propositions of `C.NAME` and `R.NAME` are the same terms up to bound names, what
hypotheses, sorts and constraints are left, which oracles the derivation rests on (`sorry` is one), which axioms C adds
to those of its parents and what kind they are, and which facts the proof uses. The comparison is of terms, so it does
not matter how the candidate makes its own text be read.

The names of facts and oracles are typed differently in different releases. `ACCESS` holds what differs, and which of
it a server understands is found by asking it (`probes`), not by its number.

Invariant: a verdict `accepted` needs every one of these answers, each exactly once where it is one, from a message of A
itself, and each as a sound proof has it. Silence, doubt and repetition reject.

Executed by a real Isabelle2020; for later releases written from the documentation and the sources (docs/isabelle.md).

Layer: comparison and axioms.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from domain import Message, Reason
from verifiers.audit.isabelle.theories import Names, theory

_RELEASE = re.compile(r"Isabelle(20\d\d)(?:-\d+)?(?:-RC\d+)?\Z")

OLDEST = 2020
"""The year of the first release that has all of this."""

ACCESS = {
    "fact": ("fun fact_of (_, (name: string, _: int)) = name", "fun fact_of (_, name: string) = name"),
    "oracle": ("fun oracle_of ((name: string, _), _) = name", "fun oracle_of (name: string, _) = name"),
}
"""How names of facts and oracles are taken out of what `Thm_Deps` answers, in newer and older releases."""

_PROBE = {
    "fact": "fn thms => map fact_of (Thm_Deps.thm_deps \\<^theory> thms)",
    "oracle": "fn thms => map oracle_of (Thm_Deps.all_oracles thms)",
}

_ML = r"""
ML \<open>
local
  val thy = \<^theory>
  fun the_theory name = Context.get_theory {long = false} thy name
  fun facts name = these (try (Global_Theory.get_thms thy) name)
  fun said key = writeln o prefix ("@NONCE@ " ^ key ^ " ")
  fun count key xs = said key (string_of_int (length xs))
  fun truth key b = said key (if b then "true" else "false")
  val given = facts "@CANDIDATE@.@NAME@"
  val stated = facts "@STATEMENT@.@NAME@"
  val same = not (null given) andalso eq_list (op aconv) (map Thm.prop_of given, map Thm.prop_of stated)
  @ACCESS@
  val oracles = sort_distinct string_ord (map oracle_of (Thm_Deps.all_oracles given))
  val old_axioms = Symtab.make_set (map #1 (Theory.all_axioms_of (the_theory "@PARENT@")))
  val definitions =
    Symtab.make_set (maps (fn (_, specs) => map_filter #def specs) (Defs.all_specifications_of (Theory.defs_of thy)))
  fun kind_of name =
    if Symtab.defined definitions name then "definition"
    else if exists (fn part => String.isSubstring part name) [".type_definition_", ".arity_type_"] then "package"
    else "axiom"
  val new_axioms =
    filter_out (Symtab.defined old_axioms) (map #1 (Theory.all_axioms_of (the_theory "@CANDIDATE@")))
  fun allowed names name = member (op =) names name orelse member (op =) names (Long_Name.base_name name)
  fun used_by ths = map fact_of (Thm_Deps.thm_deps thy ths)
  fun used [] seen = seen
    | used (name :: names) seen =
        if Symtab.defined seen name then used names seen
        else
          used ((if String.isPrefix "@CANDIDATE@." name then used_by (facts name) else []) @ names)
            (Symtab.update (name, ()) seen)
  val uses = filter_out (String.isPrefix "@CANDIDATE@.") (Symtab.keys (used (used_by given) Symtab.empty))
in
  val _ = count "given" given
  val _ = count "stated" stated
  val _ = truth "same" same
  val _ = count "hyps" (maps Thm.hyps_of given)
  val _ = count "shyps" (maps Thm.extra_shyps given)
  val _ = count "tpairs" (maps Thm.tpairs_of given)
  val _ = truth "skipped" (Thm_Deps.has_skip_proof given)
  val _ = truth "skip_proofs" (Options.default_bool "skip_proofs")
  val _ = app (said "oracle") oracles
  val _ = app (fn name => said "axiom" (kind_of name ^ " " ^ name)) new_axioms
  val _ = app (said "uses") uses
  val _ = said "done" "@NONCE@"
  @STRICT@
end
\<close>
"""

_STRICT = r"""val _ =
    if same andalso null (maps Thm.hyps_of given) andalso null (maps Thm.extra_shyps given)
      andalso null (maps Thm.tpairs_of given) andalso forall (allowed [@ALLOWED@]) oracles
      andalso forall (fn name => kind_of name <> "axiom") new_axioms
    then () else error "not a proof of the statement" """


class AuditAnswer(NamedTuple):
    """What the audit theory said of a candidate's theorem."""

    given: int
    stated: int
    same: bool
    hypotheses: int
    sorts: int
    constraints: int
    skipped: bool
    skip_proofs: bool
    oracles: tuple[str, ...]
    axioms: tuple[tuple[str, str], ...]
    """Kind and name of each axiom that the candidate's theory adds: `definition`, `package` or `axiom`."""
    uses: tuple[str, ...]


class Refusal(NamedTuple):
    """Why an audit rejects."""

    reason: Reason
    message: Message


def release_year(isabelle_name: str) -> int | None:
    """The year of a published release that the ML is written for; None for whatever else a server calls itself."""
    found = _RELEASE.match(isabelle_name)
    if found is None or int(found[1]) < OLDEST:
        return None
    return int(found[1])


def probes(token: str) -> dict[str, tuple[str, str, str]]:
    """Theories that a server takes or not: name → (text, what is accessed, how)."""
    found: dict[str, tuple[str, str, str]] = {}
    for what, ways in ACCESS.items():
        for number, way in enumerate(ways):
            name = f"Lemmary_P_{what}{number}_{token}"
            body = f"ML \\<open>\nlocal\n  {way}\nin\n  val _ = {_PROBE[what]}\nend\n\\<close>"
            found[name] = (theory(name, ["Main"], body), what, way)
    return found


def audit_body(
    names: Names, name: str, nonce: str, access: Sequence[str], *, strict_oracles: Collection[str] | None = None
) -> str:
    """The body of A for the theorem `name`. With `strict_oracles` (those allowed) it fails unless all is well.

    `access` is a way of each kind of `ACCESS` that the server understands.
    """
    strict = ""
    if strict_oracles is not None:
        strict = _STRICT.replace("@ALLOWED@", ", ".join(f'"{oracle}"' for oracle in sorted(strict_oracles)))
    filled = {
        "NONCE": nonce,
        "CANDIDATE": names.candidate,
        "STATEMENT": names.statement,
        "PARENT": names.lemmas,
        "NAME": name,
        "ACCESS": "\n  ".join(access),
        "STRICT": strict,
    }
    return re.sub("@([A-Z]+)@", lambda found: filled[found[1]], _ML)


def read_answer(texts: Sequence[str], nonce: str) -> AuditAnswer | None:
    """What A said, from the texts of its own messages; None if an answer is missing, repeated or not understood."""
    lines = [line for text in texts for line in text.splitlines() if line.startswith(f"{nonce} ")]
    answers: dict[str, list[str]] = {}
    for line in lines:
        _, key, value = (*line.split(" ", 2), "")[:3]
        answers.setdefault(key, []).append(value.strip())
    single = ("given", "stated", "same", "hyps", "shyps", "tpairs", "skipped", "skip_proofs", "done")
    several = ("oracle", "axiom", "uses")
    if set(answers) - {*single, *several} or any(len(answers.get(key, [])) != 1 for key in single):
        return None
    one = {key: answers[key][0] for key in single}
    counts = [one[key] for key in ("given", "stated", "hyps", "shyps", "tpairs")]
    truths = [one[key] for key in ("same", "skipped", "skip_proofs")]
    if not all(re.fullmatch(r"\d{1,6}", count) for count in counts) or not set(truths) <= {"true", "false"}:
        return None
    axioms = [tuple(axiom.split(" ", 1)) for axiom in answers.get("axiom", [])]
    if one["done"] != nonce or any(len(axiom) != 2 for axiom in axioms):
        return None
    given, stated, hypotheses, sorts, constraints = map(int, counts)
    same, skipped, skip_proofs = (truth == "true" for truth in truths)
    return AuditAnswer(
        given,
        stated,
        same,
        hypotheses,
        sorts,
        constraints,
        skipped,
        skip_proofs,
        tuple(answers.get("oracle", [])),
        tuple((axiom[0], axiom[-1]) for axiom in axioms),
        tuple(answers.get("uses", [])),
    )


def judge(said: AuditAnswer, name: str, allowed: Collection[str], *, assumed: bool = False) -> Refusal | None:
    """Why what A said rejects the candidate, or None. `assumed`: library lemmas are unproved, as in a warm check."""

    def no(reason: Reason, text: str) -> Refusal:
        return Refusal(reason, Message("error", text))

    if said.skip_proofs:
        return no("typing_flag", "the session skips proofs")
    if said.stated == 0:
        return no("prover_error", "the audit does not find the frozen statement")
    if said.given == 0:
        return no("wrong_statement", f"the text proves no theorem named {name}")
    if not said.same:
        return no("wrong_statement", f"{name} is not the statement: its proposition is another term")
    if said.hypotheses or said.sorts or said.constraints:
        return no("wrong_statement", f"{name} rests on hypotheses, sorts or constraints that the statement lacks")
    if said.skipped and not assumed:
        return no("axiom", f"the proof of {name} is skipped somewhere (sorry)")
    may = {*allowed, "skip_proof"} if assumed else set(allowed)
    oracles = [oracle for oracle in said.oracles if oracle not in may and base_name(oracle) not in may]
    if oracles:
        return no("axiom", f"the proof rests on the oracle {', '.join(oracles)}")
    axioms = [axiom for kind, axiom in said.axioms if kind not in ("definition", "package") and axiom not in allowed]
    if axioms:
        return no("axiom", f"the text adds the axiom {', '.join(axioms)}")
    return None


def base_name(name: str) -> str:
    """The last part of a qualified name."""
    return name.rpartition(".")[2]
