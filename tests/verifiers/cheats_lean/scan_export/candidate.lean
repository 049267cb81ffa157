export Evil (goal)
