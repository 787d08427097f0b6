"""Evidence packs: a run sealed so that it can be defended later."""
