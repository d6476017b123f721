"""What the back office works with: tickets, matching, deadlines, search, and the database."""
