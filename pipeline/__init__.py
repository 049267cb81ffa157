"""The round loop and the command line of Lemmary; nothing else in the tree imports this package."""

__version__ = "0.1.0"
