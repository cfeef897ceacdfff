"""The servers that the fan-out bench measures, each with the same orders on stdin.

`go SECONDS` makes a server broadcast flat out for that long to all who are connected, waiting for
full sockets so that nobody misses anything; then it says how many broadcasts it made.
"""
