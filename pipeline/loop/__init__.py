"""The round loop: prove and evolve side by side, consolidate, recheck, snapshot."""
