"""What event types mean: where values go, when and for whom."""
