theorem goal : False := lcProof
