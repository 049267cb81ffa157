"""A library for other programs: developments that provers build, with names that people would choose."""
