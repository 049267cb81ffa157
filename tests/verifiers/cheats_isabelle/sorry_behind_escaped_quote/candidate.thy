apply (rule_tac x = "\"" in exI) sorry (* " *)
