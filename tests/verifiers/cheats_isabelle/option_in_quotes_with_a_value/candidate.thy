using TrueI["sketchy" = true] by smt
