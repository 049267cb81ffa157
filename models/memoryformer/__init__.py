"""MemoryFormer (arXiv 2411.12992): a transformer whose linear projections are sums of rows fetched from hash tables.

| module | holds |
| --- | --- |
| `settings` | one frozen dataclass with the published sizes; imports no torch |
| `layer` | hashing, the two scores, the sum of weighted rows |
| `block` | the block: attention over memory layers, the feed-forward part of two memory layers |
| `model` | the causal language model, its cache, sampling, files |
| `optimizer` | AdamW that moves a table's row only when the row was hit |
| `flops` | what the model costs, counted from what it executes; `python -m models.memoryformer.flops` prints it |

Importing the package itself is light: torch is loaded by the modules that compute.
"""
