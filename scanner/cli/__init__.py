"""The `posture` command: parse, call, exit code."""
