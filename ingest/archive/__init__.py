"""Where the original bytes live: one file per kind."""
