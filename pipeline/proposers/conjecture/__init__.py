"""Statements that nobody wrote: exploration, generalised goals, and values that test them."""
