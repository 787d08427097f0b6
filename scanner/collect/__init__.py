"""What to read: declared reads, one module a resource provider, and their runner."""
