"""The doors to customers, tickets and departures."""
