"""Rasa graph components of the language pipeline, in the order of config.yml."""
