"""What takes secrets out of what Azure returned, before anything is kept or told."""
