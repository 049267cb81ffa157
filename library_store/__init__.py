"""Lemmas at rest: schema, journal, snapshots, retrieval, deduplication, dependency graph, analyses."""
