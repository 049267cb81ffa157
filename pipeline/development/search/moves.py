"""What may be tried on a goal: tactics that are to close it, and tactics that are to bring it forward.

Everything is a tactic as a user would write it, with the names of the file; nothing depends on a library of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.development.search import splits
from pipeline.development.search.premises import VARIABLE, Premise
from pipeline.development.search.triggers import applied_to
from verifiers.rocq.document import GoalText

BASIC = ("reflexivity", "assumption", "easy", "auto", "congruence")
"""Closing tactics that cost next to nothing, and that every file has."""

ARITHMETIC = ("lia", "lra")

SSREFLECT = "done"
"""The tactic by which one sees that SSReflect is loaded, under which `rewrite` reads otherwise."""

EQUATION = re.compile(r"(?:^|[ (])@eq ")
_CONNECTIVE = re.compile(r"(?:@?and|@?or|@?ex|@?iff|@?prod|@?sig|@?sigT|@?sum|@?sumbool) ")
_PAIR = re.compile(r"@?(?:prod|sigT?) ")
_CONNECTIVES = re.compile(r"@?(?:and|or|ex|iff) ")
_FOLDED = frozenset({"lt", "gt", "ge", "not", "incl", "Nat.lt", "iff", "Nat.le", "le"})
"""Definitions of the standard library that proofs look into."""


class Move(NamedTuple):
    """A tactic that changes a goal, and what it takes of the depth of a proof."""

    tactic: str
    cost: int


class View(NamedTuple):
    """A goal taken apart: names of hypotheses with their types, in order."""

    hypotheses: tuple[tuple[str, str], ...]
    conclusion: str
    relations: frozenset[str] = frozenset()
    """Relations besides equality by which one may rewrite."""

    def rewrites(self, type_: str) -> bool:
        """Whether a hypothesis of this type is, or leads to, an equation or the like."""
        return EQUATION.search(type_) is not None or any(f"{one} " in type_ for one in self.relations)

    @property
    def variables(self) -> list[str]:
        """Hypotheses that later ones or the conclusion speak of."""
        found: list[str] = []
        for at, (name, _) in enumerate(self.hypotheses):
            word = re.compile(rf"(?<![\w.']){re.escape(name)}(?![\w'])")
            later = [*(type_ for _, type_ in self.hypotheses[at + 1 :]), self.conclusion]
            if any(word.search(text) for text in later):
                found.append(name)
        return found


def view(goal: GoalText, relations: frozenset[str] = frozenset()) -> View:
    """The goal with one entry per hypothesis."""
    hypotheses: list[tuple[str, str]] = []
    for text in goal.hypotheses:
        names, _, type_ = text.partition(" : ")
        hypotheses += [(name.strip(), type_) for name in names.partition(" := ")[0].split(",")]
    return View(tuple(hypotheses), goal.conclusion, relations)


def is_quantified(conclusion: str) -> bool:
    """Whether there is something to introduce."""
    return conclusion.startswith(("forall ", "not ", "~ ")) or _top_arrow(conclusion)


def _top_arrow(text: str) -> bool:
    depth = 0
    for at, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == ":" or (depth == 0 and text.startswith("fun ", at)):
            return False
        if depth == 0 and text.startswith("->", at):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Closer:
    """A tactic that is to close a goal, made of parts of which some may be left out."""

    parts: tuple[str, ...]
    make: Callable[[Sequence[str]], str]

    @property
    def tactic(self) -> str:
        return self.make(self.parts)

    def without(self, part: str) -> Closer:
        return Closer(tuple(other for other in self.parts if other != part), self.make)


def fixed(tactic: str) -> Closer:
    """A closing tactic without parts."""
    return Closer((), lambda _: tactic)


def closers(tactics: frozenset[str], without: AbstractSet[str] = frozenset()) -> Closer:
    """Quick closing tactics, each a part."""
    parts = (*BASIC, *(tactic for tactic in ARITHMETIC if tactic in tactics), "tauto")
    return Closer(tuple(part for part in parts if part not in without), one_of)


def one_of(tactics: Sequence[str]) -> str:
    """The first of some tactics that closes the goal."""
    return tactics[0] if len(tactics) == 1 else f"solve [{' | '.join(tactics)}]"


def strong_closers(
    goal: View, premises: Sequence[Premise], tactics: frozenset[str], unfoldable: Sequence[str] = (), *, heavy: bool
) -> Iterator[Closer]:
    """Closing tactics that search, cheaper ones first."""
    names = tuple(premise.name for premise in premises)
    end = one_of(["auto", "congruence", *(tactic for tactic in ARITHMETIC if tactic in tactics)])

    def using(tactic: str, rest: str = "") -> Callable[[Sequence[str]], str]:
        return lambda parts: f"{tactic}{f' using {_listed(parts)}' if parts else ''}{rest}"

    conditions = " //" if SSREFLECT in tactics else " by auto"
    known = [f"rewrite {name}" for name, type_ in goal.hypotheses if goal.rewrites(type_) or "iff " in type_]
    if heavy:
        yield Closer(names[:6], lambda parts: f"intuition ({using('eauto 3')(parts)}; {end})")
        ways = (
            *known,
            *oriented(premises[:8], conditions=conditions),
            *(f"rewrite {one.name}" for one in premises[:8] if one.is_iff),
        )
        algebra = [tactic for tactic in ("ring", "nia", "nra") if tactic in tactics]
        spread = (*known, *oriented(premises[:8], as_stated=True, conditions=conditions))
        if spread and algebra and not _CONNECTIVES.search(goal.conclusion):
            yield Closer(spread, lambda parts: f"{_rewriting(parts, then='')}{one_of(algebra)}")
        if ways and _CONNECTIVES.search(goal.conclusion):
            yield Closer(ways, lambda parts: f"{_rewriting(parts)}firstorder ({end})")
        yield fixed(f"firstorder ({end})")
        if re.match(r"@?iff ", goal.conclusion):
            yield fixed(f"split; intros; try congruence; firstorder ({end})")
        yield Closer(names[:6], using("eauto 4", " with *"))
        yield fixed("decide equality; auto")
        yield fixed("match goal with H : _ |- _ => solve [inversion H; subst; econstructor; eauto] end")
        yield fixed(f"repeat ({splits.HERE}; simpl in *); intuition ({end})")
        yield fixed(f"repeat ({splits.ANYWHERE}; simpl in *); intuition ({end})")
        split = f"repeat ({splits.IN_ORDER}; simpl in *); intuition ({end})"
        yield fixed(split)
        if unfoldable:
            yield Closer(tuple(unfoldable), lambda parts: f"unfold {_listed(parts)} in *; simpl in *; {split}")
        yield from (fixed(tactic) for tactic in ("nia", "nra", "ring", "field", "btauto") if tactic in tactics)
        for tactic in ("sfirstorder", "qauto", "sauto") if "sfirstorder" in tactics else ():
            yield Closer(names[:6], lambda parts, t=tactic: f"{t}{f' use: {_listed(parts)}' if parts else ''}")
        return
    if names:
        yield Closer(names[:8], using("eauto 3"))
    yield fixed("auto with *")
    yield Closer(names[:6], lambda parts: f"econstructor; {using('eauto 3')(parts)}")
    balanced = [one.name for one in premises if one.rewrites and one.left_size == one.right_size != VARIABLE]
    stated = [oriented(premises[:8], as_stated=so, conditions=conditions) for so in (False, True)]
    for towards in dict.fromkeys(map(tuple, stated)):
        for arrow in ("", "<- ") if balanced else ("",):
            ways = (*known, *towards, *(f"rewrite {arrow}{name}" for name in balanced[:3]))
            if ways:
                yield Closer(ways, lambda parts: f"{_rewriting(parts)}{end}")
    for name in balanced[:6]:
        yield Closer((*known, f"rewrite {name}"), lambda parts: f"{_rewriting(parts)}{end}")
    yield fixed(f"simpl in *; intuition ({end})")
    yield fixed(f"f_equal; {end}")
    yield fixed(f"{splits.HERE}; simpl in *; {end}")
    yield fixed(f"match goal with H : _ |- _ => solve [inversion H; subst; simpl in *; {end}] end")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _rewriting(rules: Sequence[str], then: str = "; simpl; auto") -> str:
    """Rules as often as they apply, with what is said behind each; at most eight steps."""
    if not rules:
        return ""
    return f"do 8 try ({rules[0] if len(rules) == 1 else f'first [{chr(32).join(_bars(rules))}]'}{then}); "


def _bars(rules: Sequence[str]) -> list[str]:
    return [rules[0], *(f"| {rule}" for rule in rules[1:])]


def oriented(premises: Sequence[Premise], *, as_stated: bool = False, conditions: str = " by auto") -> list[str]:
    """Rewriting with premises towards the smaller side, or all from left to right: `rev (x ++ y) = rev y ++ rev x`.

    `conditions` is said behind a rule with conditions, to prove them.
    """
    rules: list[str] = []
    for premise in premises:
        if premise.rewrites and premise.left_size != premise.right_size:
            arrow = "" if as_stated or premise.left_size > premise.right_size else "<- "
            if (premise.left_size if not arrow else premise.right_size) == VARIABLE:
                continue
            rules.append(f"rewrite {arrow}{premise.name}{conditions if premise.conditions else ''}")
    return rules


def moves(goal: View, premises: Sequence[Premise], unfoldable: Sequence[str], symbols: frozenset[str]) -> list[Move]:
    """Tactics that bring a goal forward, likelier ones first."""
    found: list[Move] = []
    conclusion = goal.conclusion
    if re.match(r"@?(and|iff|prod) ", conclusion):
        found.append(Move("split", 0))
    facts = [(name, type_) for name, type_ in goal.hypotheses if name not in goal.variables]
    found += [Move(f"destruct {name}", 0) for name, type_ in goal.hypotheses if _is_split_at_once(name, type_, facts)]
    equations = [name for name, type_ in goal.hypotheses if goal.rewrites(type_)]
    found += [Move(f"rewrite {name}", 1) for name in reversed(equations)]
    if "match " in conclusion:
        found.append(Move(splits.HERE, 1))
    if "@eq bool" in conclusion:
        found.append(Move(splits.COMPARED, 1))
    elif not is_quantified(conclusion):
        found.append(Move(splits.TEST, 1))
    if re.match(r"@?or ", conclusion):
        found += [Move("left", 1), Move("right", 1)]
    if re.match(r"@?ex ", conclusion):
        found += [Move(f"exists {name}", 1) for name in goal.variables[-4:]]
        found.append(Move("eexists", 1))
    found.append(Move("f_equal", 1))
    for premise in premises[:8]:
        if premise.rewrites:
            forward, back = Move(f"rewrite {premise.name}", 1), Move(f"rewrite <- {premise.name}", 1)
            found += [forward, back] if premise.left_size >= premise.right_size else [back, forward]
        found.append(Move(f"{'eapply' if premise.conditions else 'apply'} {premise.name}", 1))
    found += [Move(f"eapply {name}", 1) for name, _ in reversed(facts)]
    if not _CONNECTIVE.match(conclusion) and not EQUATION.match(conclusion):
        found += [Move("econstructor", 1), Move("red", 1)]
    found += [
        Move(f"red in {name}", 1) for name, type_ in facts if not _CONNECTIVE.match(type_) and "@eq " not in type_
    ]
    folded = dict.fromkeys([*unfoldable, *sorted(_FOLDED)])
    found += [Move(f"unfold {name} in *", 1) for name in folded if name in symbols]
    if len(unfoldable) > 1:
        found.append(Move(f"unfold {_listed(unfoldable)} in *", 1))
    if any("match " in type_ for _, type_ in facts):
        found.append(Move(splits.ABOVE, 1))
    found += [Move(f"rewrite <- {name}", 1) for name in reversed(equations)]
    found += [
        Move(f"inversion {name}; subst; clear {name}", 1) for name, type_ in facts if not _CONNECTIVE.match(type_)
    ]
    found += [Move(f"destruct {name}", 1) for name in goal.variables]
    found += [Move(f"rewrite {premise.name} in *", 1) for premise in premises[:8] if premise.is_iff]
    for name, type_ in facts:
        is_test = "@eq bool" in type_
        if (EQUATION.search(type_) and not is_test) or _CONNECTIVE.match(type_):
            continue
        found += [Move(f"apply {premise.name} in {name}", 1) for premise in premises[: 8 if is_test else 4]]
    found += [Move(f"edestruct {premise.name}", 2) for premise in premises[:6] if not premise.says_how_to_rewrite]
    found.append(Move("exfalso", 1))
    return list(dict.fromkeys(found))


def simplifications(goal: View) -> list[Move]:
    """Tactics that are tried before all others; the goal as it was is tried behind them."""
    names = {name for name, _ in goal.hypotheses}
    sides = [list(applied_to(type_, len("@eq")))[1:] for _, type_ in goal.hypotheses if type_.startswith("@eq ")]
    subst = [Move("subst", 0)] if any(not names.isdisjoint(both) for both in sides) else []
    return [Move("simpl in *", 0), *subst]


def _is_split_at_once(name: str, type_: str, facts: Sequence[tuple[str, str]]) -> bool:
    """Whether a hypothesis is taken apart without a choice being lost: a fact made of others, or a pair."""
    return bool(_CONNECTIVE.match(type_)) and ((name, type_) in facts or bool(_PAIR.match(type_)))
