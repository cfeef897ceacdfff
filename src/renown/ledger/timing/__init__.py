"""What time alone does: when something is due, and making it an event."""
