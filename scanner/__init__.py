"""Read Entra tenants, judge what was read, and be the `posture` command."""

__version__ = "0.1.0"
