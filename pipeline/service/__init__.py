"""Verification and retrieval as an HTTP service, on Ray Serve, for those who train provers."""
