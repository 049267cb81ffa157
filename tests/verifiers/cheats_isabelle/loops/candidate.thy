by loops_forever
