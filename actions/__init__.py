"""Thin rasa-sdk actions: answer from the FAQ, look an order up, say something again."""
