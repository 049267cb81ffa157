"""`python -m pipeline COMMAND`: reads the command line, loads that command and turns what it raises into exit codes.

Invariants: `--help` imports no command, hence no heavy package; a mistake of the user ends in exactly one line on
stderr and exit code 2, a failure outside in one line and 3, an interruption in 130; only a bug shows a traceback.
"""

import difflib
import errno
import inspect
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import docstring_parser
from cyclopts import App, CycloptsError, Parameter, UnusedCliTokensError

from domain import OutsideError, UserError
from pipeline import __version__

PROGRAM = "python -m pipeline"
"""How a checkout is called; an installation has the command `lemmary`."""

COMMANDS = {
    "run": "The round loop: prove, evolve, consolidate, snapshot. On an existing directory it resumes.",
    "prove": "Prove a list of problems in batch, or the holes of a development of your own.",
    "suggest": "Suggest a proof or verified lemmas for the goal at a place of a file.",
    "check": "Verify candidate proofs, one or a batch.",
    "datasets": "List the problem sets that can be read, or convert one to JSONL.",
    "graph": "Dependency analysis of a run, a library or a corpus.",
    "record": "The steps of finished Rocq proofs as Parquet, with the goals before and after each tactic.",
    "show": "Everything about one lemma, problem or attempt of a run.",
    "export": "The library of a run as a buildable Rocq development, or as JSON lines.",
    "report": "(Re)write the HTML report of a run from its snapshot tables.",
    "compare": "Does the library help? Equal budgets, several arms; or two runs side by side.",
    "train": "Train a small language model on formal text: a MemoryFormer, or a dense one.",
    "submit": "Send a run to a Ray cluster and follow its log.",
    "serve": "Verification and retrieval over HTTP, for those who train provers.",
    "doctor": "What is installed and usable, each part with a real check.",
}
"""Command name → its line in `--help`. The code is `pipeline.commands.NAME:NAME`, a function or a cyclopts App."""

RESUMABLE = {"run": (), "prove": (), "compare": (), "train": ("--resume",), "record": ()}
"""Commands that go on where they were stopped when the same command line is given again, with what is to be added."""

OPTIONS = ("--help", "-h", "--version")
"""What may stand before a command or instead of one."""

EXIT_CODES = (
    "Exit codes: 0 done, 1 the answer is no, 2 the user's mistake, 3 something outside failed, 130 interrupted."
)

DONE, USER_MISTAKE, OUTSIDE_FAILED, INTERRUPTED, BROKEN_PIPE = 0, 2, 3, 130, 141

UNUSABLE = dict.fromkeys(
    [errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP], USER_MISTAKE
) | dict.fromkeys([errno.EACCES, errno.EPERM, errno.EROFS], OUTSIDE_FAILED)
"""What may be wrong with a path that only its user can mend → the exit code."""


def application(requested: str | None, program: str = PROGRAM) -> App:
    """The command line. `requested` names the command whose own docstring, not its summary, is the help text."""
    app = App(
        name=program,
        help="Lemmary: a self-improving library pipeline for formal theorem proving.",
        help_epilogue=EXIT_CODES,
        version=__version__,
        default_parameter=Parameter(negative=()),  # no option --no-json and the like: what is not asked for is off
        result_action="return_value",
        exit_on_error=False,
        print_error=False,
        suppress_keyboard_interrupt=False,
    )
    for place, (name, summary) in enumerate(COMMANDS.items()):
        text = None if name == requested else summary
        app.command(f"pipeline.commands.{name}:{name}", name=name, help=text, sort_key=place)
    if requested is not None:
        command = app[requested]
        examples = [text.replace(PROGRAM, program) for text in _examples(command)]
        command.help_epilogue = "\n\n".join([*examples, EXIT_CODES])
    return app


def _examples(command: App) -> list[str]:
    """The `Examples:` section of a command's docstring, which cyclopts reads but does not show."""
    text = inspect.getdoc(command.default_command) or ""
    examples = [example.description for example in docstring_parser.parse(text).examples]
    return [f"Examples:\n```\n{example}\n```" for example in examples if example]


def main(arguments: Sequence[str], program: str = PROGRAM) -> int:
    """Run one command line and return its exit code. `program` is what the user has called.

    A SIGTERM, as batch systems send it, interrupts like Ctrl-C.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    requested = next((argument for argument in arguments if not argument.startswith("-")), None)
    if requested is not None and requested not in COMMANDS:
        return _fail(USER_MISTAKE, _unknown_command(requested))
    if arguments and arguments[0].startswith("-") and arguments[0] not in OPTIONS:
        return _fail(USER_MISTAKE, f"there is no option {arguments[0]!r} before the command: {', '.join(OPTIONS)}")
    try:
        result = application(requested, program)(list(arguments))
        sys.stdout.flush()
        return result if isinstance(result, int) else DONE
    except UnusedCliTokensError as error:
        return _fail(
            USER_MISTAKE, f"nothing takes {' '.join(error.unused_tokens or ())}: an option stands before each value"
        )
    except CycloptsError as error:
        asked = f" {requested}" if requested else ""
        return _fail(USER_MISTAKE, f"{error} (see `{program}{asked} --help`)")
    except UserError as error:
        return _fail(USER_MISTAKE, _root(error))
    except OutsideError as error:
        return _fail(USER_MISTAKE if _has_no_place(error.__cause__, arguments) else OUTSIDE_FAILED, _root(error))
    except KeyboardInterrupt:
        again = ""
        if requested in RESUMABLE:
            added = [option for option in RESUMABLE[requested] if option not in arguments]
            again = f": to resume, `{shlex.join([*program.split(), *arguments, *added])}`"
        print(f"interrupted{again}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone: nobody wants the rest
        return BROKEN_PIPE
    except OSError as error:
        if error.filename and error.errno in UNUSABLE:
            return _fail(UNUSABLE[error.errno], f"{error.filename}: {error.strerror}; choose another path")
        if _has_no_place(error, arguments):
            return _fail(USER_MISTAKE, f"{error.filename} cannot be made: {error.strerror}; choose another path")
        if error.errno != errno.ENOSPC:
            raise
        where = f" at {error.filename}" if error.filename else ""
        return _fail(OUTSIDE_FAILED, f"the disk is full{where}: free some space, then give the same command again")


def _has_no_place(error: BaseException | None, arguments: Sequence[str]) -> bool:
    """Whether something that the command line names cannot be there: nothing can be made in `/proc`, for example.

    The path in the error is the named one, one above it, or a temporary file beside it that has its name.
    """
    if not isinstance(error, FileNotFoundError) or not isinstance(error.filename, str):
        return False
    missing = Path(error.filename)
    named = [Path(argument.partition("=")[2] if argument.startswith("-") else argument) for argument in arguments]
    return any(
        missing in (path, *path.parents) or (missing.parent == path.parent and path.name and path.name in missing.name)
        for path in named
    )


def _unknown_command(name: str) -> str:
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    guess = f"did you mean {near[0]}?" if near else f"it is one of {', '.join(COMMANDS)}"
    return f"there is no command {name!r}: {guess}"


def _root(error: Exception) -> Exception:
    """The error itself where Ray has wrapped it with the traceback of the worker that raised it."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, Exception) else error


def _fail(code: int, what: Exception | str) -> int:
    print("error:", " ".join(str(what).split()), file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
