using TrueI["smt_oracle"] by smt
