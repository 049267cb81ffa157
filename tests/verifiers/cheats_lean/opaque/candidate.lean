opaque goal : False
