"""Network managers: which networks their groups take in, and what applies to them."""
