open Lean Elab Command in
run_elab addDecl (.axiomDecl { name := `cheat, levelParams := [], type := .const ``False [], isUnsafe := false })
