"""The command `lemmary`: `python -m pipeline` with the rooms of this installation, whatever else is installed."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE if (HERE / "domain.py").is_file() else HERE.parent
"""The folder of the rooms: this one once installed, the one above it in a checkout."""


def main() -> int:
    """Run the command line with our rooms first on the path, also of processes started by this one."""
    sys.path.insert(0, str(HOME))
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(HOME), *([before] if before else [])])
    from pipeline.__main__ import main as command

    return command(sys.argv[1:], program="lemmary")


if __name__ == "__main__":
    sys.exit(main())
