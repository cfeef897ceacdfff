"""What an event makes of its subject: the one piece of code behind live intake and rebuild."""
