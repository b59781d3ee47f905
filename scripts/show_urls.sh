#!/usr/bin/env bash
# Reads the gateway's log on standard input and passes it on; once the gateway has said where it listens, prints what to
# try there. The log is the only place that knows: a port may be 0, and options come from four places.
trap '' INT TERM  # the gateway ends this by closing its log
clients='' grpc='' admin=''

# Prints ADDRESS for a line that says port KIND listens there, in the log's text or JSON form.
while IFS= read -r line; do
  printf '%s\n' "$line" >&2
done
