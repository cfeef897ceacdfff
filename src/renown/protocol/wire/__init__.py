"""Message definitions of the Protobuf forms, and the classes generated from them."""
