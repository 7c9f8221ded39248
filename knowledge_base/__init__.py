"""The FAQ: entries, their files, the finder that answers from them, and what editors need to keep them right."""
