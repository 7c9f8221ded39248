"""Wire types between the processes: frozen values, JSON in and out, nothing but the standard library.

Every process (gateway, worker, Rasa, action server, command line) speaks these; `contracts/samples/` holds one
golden JSON document of each, and the contract tests decode them under both interpreters.
"""
