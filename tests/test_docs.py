"""README and the pages of docs/: their links, the files and commands that they name, what docstrings cite of them."""

import re
from pathlib import Path

import pytest

from pipeline.__main__ import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ROOMS = "actors|bench|configs|datasets|docs|library_store|models|pipeline|term_algebra|tests|verifiers"

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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_a_page_names_are_there(page: Path) -> None:
    assert [name for name in sorted(paths(page.read_text())) if not list(ROOT.glob(name))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_that_a_page_shows_exist(page: Path) -> None:
    shown = re.findall(r"-m pipeline ([a-z]+)", page.read_text())
    assert set(shown) <= set(COMMANDS)


def test_every_page_is_in_the_index() -> None:
    linked = set(re.findall(r"\]\((\w+\.md)\)", (ROOT / "docs" / "README.md").read_text()))
    assert linked == {page.name for page in PAGES} - {"README.md"}


def test_docstrings_cite_invariants_that_the_design_numbers() -> None:
    numbered = set(re.findall(r"^\| (\d+) \|", (ROOT / "docs" / "design.md").read_text(), re.MULTILINE))
    cited: dict[str, set[str]] = {}
    for folder in [*ROOMS.split("|")]:
        for file in (ROOT / folder).rglob("*.py"):
            for numbers in re.findall(r"\(design, invariants? ([\d, and]+)\)", file.read_text()):
                cited.setdefault(file.name, set()).update(re.findall(r"\d+", numbers))
    assert cited
    assert {file: numbers - numbered for file, numbers in cited.items() if numbers - numbered} == {}
