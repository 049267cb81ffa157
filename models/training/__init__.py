"""Training of the models that are small enough for the user's own machine.

| module | holds |
| --- | --- |
| `recipe` | what is trained and how, as typed settings; imports no torch |
| `tokenizer` | byte-level BPE with the end of a document as its one special token; imports no torch |
| `packing` | token files on disk and the sequences that a step reads; imports no torch |
| `trainer` | steps, evaluation in bits per byte, metrics, exact resumption |
| `checkpoint` | what a training run leaves on disk to go on from |
| `buckets` | which rows of the tables are hit |
| `storage` | the trained model with its tables in fewer bits, and what that costs in bits per byte |
"""
