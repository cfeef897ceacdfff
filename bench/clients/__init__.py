"""The clients of the jitter bench: swarms in one process each, told what to do on stdin.

A swarm is started with one argument, a JSON object: `kind`, `urls` (a base address for each client),
`subjects`, `first` (where in these to begin), `stream` (the channel of the stream room). It says
`{"event": "ready"}` once all clients are subscribed, and at the line `report` what each of them got:
`{"clients": [{"kind", "stream": [numbers], "subject", "version"}]}`.
"""
