"""The models that run on the user's own machine. `torch` is imported below this package and nowhere else.

Importing the package itself is light: `model_path` answers without torch.
"""

import sys
from pathlib import Path

DEFAULT_MODEL = "SmolLM2-135M-Instruct"


def model_path(name: str = DEFAULT_MODEL) -> Path:
    """Where set-up puts the model `name` of this environment; the folder exists only when it is complete."""
    return Path(sys.prefix) / "share" / "lemmary" / "models" / name
