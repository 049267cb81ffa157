using TrueI[smt_certificates = "/tmp/x"] by smt
