"""The `jiehua` command."""
