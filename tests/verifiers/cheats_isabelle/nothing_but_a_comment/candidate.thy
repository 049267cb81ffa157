(* trust me *)
