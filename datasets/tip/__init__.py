"""Tons of Inductive Problems: its SMT-LIB dialect, read, typed, translated to Rocq, and interpreted.

`sexpr` and `syntax` read a file, `inference` gives every term its type, `rocq` translates, `recursion` decides how a
function recurses, `interpreter` evaluates. The interpreter works on the untyped syntax tree and shares nothing with the
translation but the reader, so that each checks the other.
"""
