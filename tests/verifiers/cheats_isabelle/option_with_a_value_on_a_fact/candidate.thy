using TrueI[symmetric, sketch_option = "true"] by smt
