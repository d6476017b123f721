"""Message in, classification out: danger, mentions, concerns. Knows nothing of tickets or sources."""
