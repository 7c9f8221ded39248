"""Tests that need Rasa's own Python; run there by tests/integration/bot/test_rasa_environment.py.

    .venv-rasa/bin/python -m unittest discover -s tests/rasa_env -t .

They use `unittest`, so that the bot's environment holds nothing but what the bot needs.
"""
