run_cmd Lean.logInfo "hi"
