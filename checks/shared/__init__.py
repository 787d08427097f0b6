"""What checks of several topics ask of a tenant, and how they say it."""
