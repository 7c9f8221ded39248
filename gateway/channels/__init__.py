"""Other ways for customers to come in: clients made for Rasa keep working.

Each channel keeps its customers in a namespace of its own (`rest:`, `socketio:`), so that no name sent from outside
can ever be the id of a web customer's conversation.
"""
