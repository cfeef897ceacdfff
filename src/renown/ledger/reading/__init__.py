"""What can be asked of a ledger: now, as of a past time, what is held, what is in alarm."""
