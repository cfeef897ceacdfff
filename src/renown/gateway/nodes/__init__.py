"""What the processes on one data folder do together, each of them a node: over the bus between them."""
