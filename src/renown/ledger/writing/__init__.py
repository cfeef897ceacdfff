"""The one writer of a process: batches of events, folded and stored in one transaction."""
