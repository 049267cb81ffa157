using [ [smt_oracle]] by smt
