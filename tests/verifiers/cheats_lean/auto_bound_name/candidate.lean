set_option autoImplicit true

theorem goal (h : And flase flase) : flase := h.left
