"""Isabelle behind its server: theories in files, questions over a socket, answers never taken at their word."""
