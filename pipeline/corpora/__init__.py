"""Libraries that no run made, as dependency graphs: what `graph PREFIX:PATH` reads and writes."""
