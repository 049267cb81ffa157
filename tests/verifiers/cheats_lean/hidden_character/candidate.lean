theorem go​al : False := trivial
