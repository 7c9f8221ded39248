"""What runs inside the private Rasa process: channel, stores, language components and the escalation policy."""
