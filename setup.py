"""What is installed: one package, `lemmary`, with the rooms of the checkout in it (`lemmary/__init__.py` says why)."""

from setuptools import find_namespace_packages, setup
from setuptools.command.build_py import build_py

ROOMS = ("actors", "configs", "datasets", "library_store", "models", "pipeline", "term_algebra", "verifiers")


class Build(build_py):
    """Takes `domain.py`, the one room that is a file, along."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        own = [("lemmary", "domain", "domain.py")] if package == "lemmary" else []
        return [*super().find_package_modules(package, package_dir), *own]


patterns = [pattern for room in ROOMS for pattern in (room, f"{room}.*")]
folders = find_namespace_packages(include=patterns, exclude=["*.__pycache__"])
setup(
    packages=["lemmary", *(f"lemmary.{folder}" for folder in folders)],
    package_dir={"lemmary": "lemmary"} | {f"lemmary.{room}": room for room in ROOMS},
    cmdclass={"build_py": Build},
)
