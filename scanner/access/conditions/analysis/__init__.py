"""What a condition amounts to, and what is wrong with it."""
