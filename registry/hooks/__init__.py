"""Whoever wants to hear of events: what is told, the outbox that it waits in, and its delivery."""
