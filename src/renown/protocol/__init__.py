"""The Centrifugo client protocol without I/O: messages, codec, code tables and the session."""
