initialize evil : Unit ← IO.println "hi"
