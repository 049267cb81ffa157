eexists. repeat split.
