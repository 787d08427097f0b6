"""DNS security policies: which network's queries meet which rule."""
