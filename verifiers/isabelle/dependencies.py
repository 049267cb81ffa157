"""The facts that a session's theories add, and which facts their derivations rest on, as `Thm_Deps` tells it.

One theory of ours asks in ML and answers a line for each fact behind a nonce: its name, the names of the facts that its
derivation uses, and its propositions. How `Thm_Deps` types names differs between releases (`comparison.ACCESS`), so the
theory is asked in each known form, and the one that the server accepts answers.

Written from the sources; not executed by a real Isabelle here (docs/isabelle.md).
"""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

from domain import OutsideError
from verifiers.audit.isabelle.comparison import ACCESS
from verifiers.audit.isabelle.session import Session
from verifiers.audit.isabelle.theories import theory

_ML = r"""
ML \<open>
local
  @ACCESS@
  val names = filter (String.isPrefix "@SESSION@.") (Thy_Info.get_names ())
  fun added thy =
    Facts.dest_static false (map Global_Theory.facts_of (Theory.parents_of thy)) (Global_Theory.facts_of thy)
  fun shown thy = Pretty.unformatted_string_of o Syntax.pretty_term_global thy o Thm.prop_of
  fun told thy (name, thms) =
    let val uses = remove (op =) name (sort_distinct string_ord (map fact_of (Thm_Deps.thm_deps thy thms))) in
      space_implode " " (["@NONCE@ fact", name, string_of_int (length uses)] @ uses @ map (shown thy) thms)
    end
  fun lines thy = map (told thy) (added thy)
  val all = map (lines o Thy_Info.get_theory) names
in
  val _ = app (writeln o cat_lines) (filter_out null all)
  val _ = writeln (space_implode " " ["@NONCE@ done", string_of_int (length names), string_of_int (length (flat all))])
end
\<close>
"""


class Fact(NamedTuple):
    """A named fact: its propositions as the prover prints them, in one line, and the facts that it rests on."""

    name: str
    statement: str
    uses: tuple[str, ...]


def facts(session: Session, name: str, seconds: float) -> list[Fact]:
    """The facts of the theories of the session `name`, which must be among those loaded.

    Raises:
        OutsideError: the server does not answer within `seconds` of wall time, or not as expected, or knows no theory
            of that session.
    """
    nonce = secrets.token_hex(16)
    texts: dict[str, str] = {}
    for number, access in enumerate(ACCESS["fact"]):
        filled = {"NONCE": nonce, "SESSION": name, "ACCESS": access}
        asked = f"Lemmary_G_{secrets.token_hex(6)}_{number}"
        texts[asked] = theory(asked, ["Main"], re.sub("@([A-Z]+)@", lambda found: filled[found[1]], _ML))  # noqa: B023 (used at once)
    used = session.use(texts, list(texts), seconds)
    answering = next((node for node in used.nodes.values() if node.clean), None)
    if answering is None:
        errors = [error.text for node in used.nodes.values() for error in node.errors]
        why = " ".join((used.message or next(iter(errors), used.kind)).split())[:300]
        raise OutsideError(f"Isabelle does not tell the facts of {name}: {why}")
    return read_facts([message.text for message in answering.messages], nonce, name)


def read_facts(texts: list[str], nonce: str, name: str) -> list[Fact]:
    """What the theory said. Raises `OutsideError` if that is not whole, or no theory was found."""
    lines = [line.split() for text in texts for line in text.splitlines() if line.startswith(f"{nonce} ")]
    ends = [words[2:] for words in lines if words[1:2] == ["done"]]
    found = [_fact(words[2:]) for words in lines if words[1:2] == ["fact"]]
    if len(ends) != 1 or len(ends[0]) != 2 or ends[0][1] != str(len(found)) or None in found:
        raise OutsideError(f"Isabelle's answer about the facts of {name} is not whole")
    if ends[0][0] == "0":
        raise OutsideError(f"Isabelle has loaded no theory of a session {name}: is it the name that its ROOT gives it?")
    return [fact for fact in found if fact is not None]


def _fact(words: list[str]) -> Fact | None:
    if len(words) < 2 or not words[1].isdigit() or len(words) < 2 + int(words[1]):
        return None
    end = 2 + int(words[1])
    return Fact(words[0], " ".join(words[end:]), tuple(words[2:end]))
