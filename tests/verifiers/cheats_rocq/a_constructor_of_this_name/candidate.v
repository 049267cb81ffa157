Inductive claim := goal (x : N).
