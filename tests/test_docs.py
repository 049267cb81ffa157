"""README and the pages of docs/: their links, the files and commands that they name, what docstrings cite of them."""

import json
import re
import shlex
from pathlib import Path

import pytest

from pipeline.__main__ import COMMANDS, application

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WRITTEN = ("results.md",)
"""Pages that `make docs` writes from results, which name the scripts of their time, also those that were removed."""

ROOMS = "actors|bench|configs|datasets|docs|lemmary|library_store|models|pipeline|term_algebra|tests|verifiers"

PATH = re.compile(rf"(?<![\w./@-])((?:{ROOMS})/[\w./{{}},*-]*|domain\.py)")
"""A file or folder of the repository; one of a run, or of the reader's, begins otherwise."""


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return {slug(heading) for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def paths(text: str) -> set[str]:
    """The paths that a text names, each of `a/{b,c}.py` on its own."""
    found: set[str] = set()
    for name in PATH.findall(text):
        bare = name.rstrip(".,{*")
        choice = re.fullmatch(r"(.*)\{([^}]*)\}(.*)", bare)
        found |= {f"{choice[1]}{one}{choice[3]}" for one in choice[2].split(",")} if choice else {bare}
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    broken: list[str] = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        name, _, anchor = target.partition("#")
        if re.match(r"https?:|mailto:", target):
            continue
        file = page if not name else page.parent / name
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in WRITTEN], ids=lambda page: page.name)
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    assert [name for name in sorted(paths(page.read_text())) if not list(ROOT.glob(name))] == []


def command_lines(text: str) -> list[str]:
    """What stands behind `python -m pipeline` in shell blocks and in code within a sentence."""
    blocks = "\n".join(re.findall(r"^```(?:sh)?\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    lines = blocks.replace("\\\n", " ").splitlines() + re.findall(r"`([^`\n]*)`", text)
    found = [
        line.partition("-m pipeline ")[2] for line in lines if re.match(r"[$ ]*(\.venv/bin/)?python -m pipeline ", line)
    ]
    return [line for line in found if "…" not in line]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_command_lines_that_a_page_shows_can_be_read(page: Path) -> None:
    for line in command_lines(page.read_text()):
        arguments = shlex.split(line, comments=True)
        assert arguments[0] in COMMANDS
        if arguments[1:]:  # a command alone is only mentioned
            application(arguments[0]).parse_args(arguments, exit_on_error=False, print_error=False)


def test_every_page_is_in_the_index() -> None:
    linked = set(re.findall(r"\]\((\w+\.md)\)", (ROOT / "docs" / "README.md").read_text()))
    assert linked == {page.name for page in PAGES} - {"README.md"}


def cited(file: Path) -> set[str]:
    """The invariants that a file cites, as in `(design, invariants 3 and 9)`."""
    found = re.findall(r"\(design, invariants? ([\d, and]+)\)", file.read_text())
    return {number for numbers in found for number in re.findall(r"\d+", numbers)}


def test_docstrings_cite_invariants_that_the_design_numbers() -> None:
    numbered = set(re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "design.md").read_text(), re.MULTILINE))
    assert numbered == {str(number) for number in range(1, 12)}
    for room in ROOMS.split("|"):
        for file in (ROOT / room).rglob("*.py"):
            assert cited(file) <= numbered, file


@pytest.mark.parametrize("run", ["quickstart", "tip_prod", "tip_isaplanner"])
def test_the_runs_that_readme_tells_of_are_those_of_the_results(run: str) -> None:
    result = json.loads((ROOT / "docs" / "results" / f"{run}.json").read_text())
    counts, first = result["counts"], result["rounds"][0]["proved"]
    row = f"{counts['problems']} | {first} | {counts['solved']} | {counts['solved_with_library']}"
    assert f"| {row} | {counts['cpu_seconds']:.0f} |" in (ROOT / "README.md").read_text()


def test_the_output_that_readme_shows_is_that_of_the_result() -> None:
    counts = json.loads((ROOT / "docs" / "results" / "quickstart.json").read_text())["counts"]
    shown = (ROOT / "README.md").read_text()
    assert f"{counts['solved']} of {counts['problems']} problems solved in 3 rounds" in shown
    assert f"{counts['lemmas']} lemmas in the library, all rechecked; {counts['lemmas_used_abroad']} helped" in shown
    twins, through = counts["lemmas_rediscovered"], counts["solved_with_rediscovered"]
    assert f"found without it: {twins}; problems solved with one: {through}\n" in shown
    assert f"{counts['cpu_seconds']:.0f} CPU seconds, {counts['tokens']} tokens" in shown


def test_modules_that_the_design_says_keep_an_invariant_cite_it() -> None:
    design, silent = (ROOT / "docs" / "design.md").read_text(), list[str]()
    for number, cell in re.findall(r"^\| (\d+) \|.*\| (.*) \|$", design, re.MULTILINE):
        for name in paths(cell):
            files = [ROOT / name] if name.endswith(".py") else sorted((ROOT / name).rglob("*.py"))
            if not any(number in cited(file) for file in files):
                silent.append(f"{number}: {name}")
    assert silent == []
