"""Lemmary as an installed package: its rooms lie in this folder, under names that only its own processes can see.

Other packages are called `datasets`, `verifiers` or `models` too. So an installation has the one top-level name
`lemmary`, and `lemmary.__main__` puts the folder of the rooms first on the import path of its own process and of those
that it starts. In a checkout the rooms lie beside this folder.
"""
