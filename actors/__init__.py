"""Thin Ray shells around plain classes; nothing here decides anything."""
