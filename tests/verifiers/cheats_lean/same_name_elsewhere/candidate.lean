namespace Other
theorem goal : True := trivial
end Other
