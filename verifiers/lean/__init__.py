"""The Lean 4 backend: the toolchain and a prelude of our own, source texts, lint, batch compiling and audit."""
