"""Pages of accounts: signing in, one's own account, and what an administrator keeps for an organisation."""
