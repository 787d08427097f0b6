"""What was read of a tenant, as checks see it, and what they answer."""
