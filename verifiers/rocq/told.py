"""The search of `tactics.v` once more, as a tactic that says what it tries: each goal that it comes to, with how deep
it is, and each step before it is tried there. What it says last of each goal is what closed it (`heard`).

Invariant: nothing here accepts a proof. What it is given and not written here is left out, so it may fail where the
search succeeds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from verifiers.rocq.ltac import first

_TEMPLATE = (Path(__file__).parent / "told.v").read_text(encoding="utf-8").partition("*)")[2]

_SPLITS = 8
"""Splits on the way to any goal, as in `tactics.v`."""

_CLOSERS = ("auto", "congruence", "symmetry; assumption", "symmetry; auto")
_PREMISES = ("assumption", "reflexivity", "congruence", "auto")

_REWRITE = re.compile(r"rewrite (<- )?(\w+)(?: by \(lm_side ltac:\(fun _ => (.*)\)\))?")
_SIMPLIFIED = re.compile(r"lm_rewrite_simplified(_back)? (\w+)")
_CHOICE = re.compile(
    r"\(multimatch goal with \|- (context \[.*?\]) => (rewrite (?:<- )?)\((\w+)((?: \w+)*)\)"
    r"(?: by \(lm_side ltac:\(fun _ => .*?\)\))? end\)"
)
_PERMUTE = re.compile(r"lm_permute (\w+) ltac:\((.*?)\) ltac:\((.*?)\) ltac:\((.*?)\)(?= \||$)")
_INSTANCE = re.compile(r"lm_instance uconstr:(\(.*\)) ltac:\(fun H => (.*)\)")
_BY_INSTANCE = ("exact e0", "symmetry; exact e0", "rewrite e0; reflexivity", "rewrite <- e0; reflexivity")
_REORDER = re.compile(r"fun ((?:\w+ )+)=> (rewrite (?:<- )?)\((\w+)((?: \w+)*)\)")


def told(closures: str, *, deep: bool) -> str:
    """The search with these tactics (`LemmaTactics.closures`), said step by step."""
    at, bodies = closures.find("("), list[str]()
    while at >= 0:
        end = closing(closures, at)
        bodies.append(closures[at + 1 : end - 1].partition("=> ")[2])
        at = closures.find("(", end)
    rw, rwh, _, fin, ac, unf, stp, cas = bodies
    closers = [*_CLOSERS, *_closers(fin)]
    unfold = _tried(unf.removeprefix("progress "), act=unf) if unf.startswith("progress unfold") else "fail"
    steps = [*_choices(stp), *_splits_of_calls(cas)]
    parts = {
        "CLOSERS": [*(_tried(one, act=f"solve [ {one} ]") for one in closers), *_permutations(_alternatives(ac))],
        "SURE": [*_rewrites(_alternatives(rw)), *_rewrites_in(_alternatives(rwh))],
    }
    text = _TEMPLATE
    for name, tactics in parts.items():
        text = text.replace(name, " | ".join(tactics) or "fail")
    text = text.replace("CHOICES", f"({' + '.join(steps)})" if steps else "fail")
    text = text.replace("BY_HYPOTHESIS", _by_hypothesis("rewrite")).replace("BACKWARDS", _by_hypothesis("rewrite <-"))
    haste = f"Coq.Init.Logic.{'False' if deep else 'True'}"
    text = text.replace("UNFOLD", unfold).replace("HASTE", haste)
    return text.replace("SPLITS", _number(_SPLITS)).replace("MOST", _number(2 if deep else 1)).strip()


def told_instances(choice: str) -> str:
    """A choice among instances of lemmas (`LemmaTactics.instances`), said step by step."""
    found: list[str] = []
    for one in _alternatives(choice):
        if (instance := _INSTANCE.fullmatch(one)) is not None:
            rules = [rule for rule in _alternatives(instance[2]) if _REWRITE.fullmatch(rule.removesuffix(" in H"))]
            rewriting = first([_done(rule.replace(" in H", " in e0")) for rule in rules])
            ends = first([f"assert_succeeds (solve [ {end} ]); {_and_then(end)}; {end}" for end in _BY_INSTANCE])
            found.append(
                f"{_tried(f'epose proof {instance[1]} as e0')}; "
                f"repeat (progress (try ({_done('simpl in e0')}); repeat {rewriting})); {ends}"
            )
    return f'let k := constr:(Coq.Init.Datatypes.O) in idtac "G" k ":"; {first(found)}' if found else ""


def _done(step: str) -> str:
    """A further step that says so once it went through."""
    return f"(progress {step}; {_and_then(step)})"


def _and_then(step: str) -> str:
    return f'idtac "A" k ": {step}"'


def closing(text: str, start: int) -> int:
    """Behind the parenthesis that closes the one at `start`."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] in "([") - (text[at] in ")]")
        if depth == 0:
            return at + 1
    return len(text)


def _parts(text: str, separator: str) -> list[str]:
    """A text cut where a separator stands outside all brackets."""
    found, at, depth = [""], 0, 0
    while at < len(text):
        if depth == 0 and text.startswith(separator, at):
            found.append("")
            at += len(separator)
            continue
        depth += (text[at] in "([") - (text[at] in ")]")
        found[-1] += text[at]
        at += 1
    return found


def _alternatives(tactic: str) -> list[str]:
    return _parts(tactic[len("first [ ") : -len(" ]")], " | ") if tactic.startswith("first [ ") else []


def _tried(step: str, *behind: str, act: str = "") -> str:
    """A step that says so before it is tried. `behind` are variables for terms or names that follow in what it says."""
    shown = " ".join([f'"{step}"', *behind])
    return f'idtac "T" k ":" {shown}; {act or step}'


def _number(value: int) -> str:
    return f"constr:({'(Coq.Init.Datatypes.S ' * value}Coq.Init.Datatypes.O{')' * value})"


def _closers(finish: str) -> list[str]:
    """With the facts of `eauto 4 using …`."""
    facts = finish.removeprefix("eauto 4 using ") if finish.startswith("eauto") else ""
    if not facts:
        return []
    return [*(f"apply {one}" for one in facts.split(", ")), f"auto using {facts}", finish]


def _rewrites(alternatives: Iterable[str], where: str = "", *behind: str) -> list[str]:
    """Rewriting with lemmas, in the goal or in the hypothesis `H`."""
    found: list[str] = []
    for one in alternatives:
        if (rule := _REWRITE.fullmatch(one)) is not None:
            step = f"rewrite {rule[1] or ''}{rule[2]}"
            if rule[3] is None:
                found.append(_tried(f"{step}{where}", *behind, act=f"{step}{' in H' if where else ''}"))
                continue
            if where:
                continue
            names = [f"?{plain[2]}" for one in _alternatives(rule[3]) if (plain := _REWRITE.fullmatch(one))]
            prepared = [f"(rewrite {', '.join(names)}; {one})" for one in _PREMISES] if names else []
            found += [_tried(f"{step} by {by}", act=f"{step} by (solve [ {by} ])") for by in (*_PREMISES, *prepared)]
        elif (rule := _SIMPLIFIED.fullmatch(one)) is not None and not where:
            way = "<- " if rule[1] else ""
            said = f'"pose proof {rule[2]} as" K "; simpl in" K "; rewrite {way}" K "; clear" K'
            found.append(
                f'let K := fresh "e0" in pose proof {rule[2]} as K; simpl in K; '
                f'idtac "T" k ":" {said}; rewrite {way}K; clear K'
            )
    return found


def _by_hypothesis(rewrite: str) -> str:
    """Rewriting with the hypothesis `H`, whose premises, if it has any, are simple."""
    ways = [_tried(rewrite, "H", act=f"{rewrite} H; [ idtac ]")]
    ways += [_tried(rewrite, "H", f'"by {one}"', act=f"{rewrite} H by (solve [ {one} ])") for one in _PREMISES]
    return first(ways)


def _rewrites_in(alternatives: Sequence[str]) -> list[str]:
    plain = [one.removesuffix(" in H") for one in alternatives]
    steps = _rewrites(plain, " in", "H")
    return [f"match goal with H : _ = _ |- _ => first [ {' | '.join(steps)} ] end"] if steps else []


def _permutations(alternatives: Iterable[str]) -> list[str]:
    """Operands brought into order by laws of commutativity and associativity; says each of its steps."""
    found: list[str] = []
    for one in alternatives:
        laws = _PERMUTE.fullmatch(one)
        parts = [_REORDER.fullmatch(law) for law in laws.groups()[1:]] if laws is not None else []
        if laws is None or None in parts:
            continue
        said: list[str] = []
        for names, way, lemma, values in [part.groups() for part in parts if part is not None]:
            shown = " ".join(f'"(" {value} ")"' if value in names.split() else f'"{value}"' for value in values.split())
            act = f'idtac "A" k ":" "{way}({lemma}" {shown} ")"; {way}({lemma}{values})'
            said.append(f"ltac:(fun {names}=> {act})")
        found.append(
            f"""idtac "T" k ":"; solve [ repeat (progress (match goal with
            | |- ?x = ?x => idtac "A" k ": reflexivity"; reflexivity
            | |- {laws[1]} ?a ?l = ?r => lm_front {laws[1]} {" ".join(said)} a r;
                idtac "A" k ": apply f_equal"; apply Coq.Init.Logic.f_equal
            end)) ]"""
        )
    return found


def _choices(steps: str) -> list[str]:
    """One rewriting step with an equation that has no safe direction."""
    found: list[str] = []
    for one in _CHOICE.finditer(steps):
        place, way, lemma, values = one.groups()
        said = " ".join(f'"(" {value} ")"' for value in values.split())
        act = f'idtac "T" k ":" "{way}({lemma}" {said} ")"; {way}({lemma}{values})'
        found.append(f"(multimatch goal with |- {place} => {act} end)")
    return found


def _splits_of_calls(steps: str) -> list[str]:
    """Splits of what calls are stuck on."""
    if not steps.startswith("("):
        return []
    variable = "is_var v; " + _tried("destruct", "v", act="destruct v")
    said = 'idtac "T" k ":" "destruct (" v ") eqn:" E; destruct v eqn:E'
    call = f'let f := lm_head v in is_const f; let E := fresh "e0" in {said}'
    text = steps.replace("is_var v; destruct v", variable)
    return [text.replace("lm_split_argument v", f"first [ {variable} | {call} ]")]
