"""Effective permissions over Azure RBAC, from what was read of a tenant."""
