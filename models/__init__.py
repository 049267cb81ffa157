"""The models that run on the user's own machine. `torch` is imported below this package and nowhere else.

What a run asks for proofs stands elsewhere: `actors/language_model.py` hosts a model, and
`pipeline/proposers/language_model/` writes prompts and reads answers. Importing the package itself is light:
`model_path` answers without torch.
"""

import sys
from pathlib import Path

DEFAULT_MODEL = "SmolLM2-135M-Instruct"

MEMORYFORMER = "memoryformer_small"
"""The MemoryFormer that comes with the project."""

OWN_MODELS = (DEFAULT_MODEL, MEMORYFORMER)

_OWN = Path(__file__).resolve().parent / "weights"


def model_path(name: str = DEFAULT_MODEL) -> Path:
    """The folder of a model by name: one that comes with the project, or one that set-up puts into this environment.

    A folder of the second kind exists only when it is complete.
    """
    own = _OWN / name
    return own if own.is_dir() else Path(sys.prefix) / "share" / "lemmary" / "models" / name
