"""What becomes of what was said: guards that judge it, disputes that hold it."""
