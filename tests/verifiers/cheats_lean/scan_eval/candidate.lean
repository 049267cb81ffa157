#eval IO.FS.writeFile "LemmaryCandidate.olean" ""
