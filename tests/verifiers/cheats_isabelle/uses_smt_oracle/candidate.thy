using [[smt_oracle = true]] by smt
