"""The recipes that build what is in `models/`."""
