"""Several processes that train as one, through torch.distributed (gloo on CPUs), which Ray Train has set up."""

from __future__ import annotations

from torch import Tensor, distributed


class Together:
    """This process among the workers of its process group; see `models.training.trainer.Workers`."""

    def __init__(self) -> None:
        self.rank = distributed.get_rank()
        self.count = distributed.get_world_size()

    def add(self, tensors: list[Tensor]) -> None:
        """Replace each tensor by its sum over the workers."""
        for tensor in tensors:
            distributed.all_reduce(tensor)
