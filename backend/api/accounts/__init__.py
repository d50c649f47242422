"""Routes of accounts: logging in, what an account has, tickets, admins."""
