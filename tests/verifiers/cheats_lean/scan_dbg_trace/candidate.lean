def loud := dbg_trace "x"; 5
