"""`UserError` for this folder, which also has to load without the rest of the project.

vLLM's plugin is loaded by every vLLM of an environment in which the project is installed, as
`lemmary.models.memoryformer`: so the modules here import each other relatively, nothing else of the project, and leave
no name of ours behind in somebody else's process.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING or not __name__.startswith("lemmary."):
    from domain import UserError
else:
    UserError = ValueError

__all__ = ["UserError"]
