"""What outlives a chat: customers, tickets, and what becomes of both when an agent leaves."""
