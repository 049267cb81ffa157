def q := ``(sorry)
