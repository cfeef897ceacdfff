"""What a policy's keys must say together, each kind of declaration in its own room."""
