"""Problems and corpora: JSON lines, miniF2F, TIP and the bundled suite, behind `load` and `names`."""

from datasets.catalogue import Dataset, LeftOut, load, names

__all__ = ["Dataset", "LeftOut", "load", "names"]
