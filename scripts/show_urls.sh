#!/usr/bin/env bash
# Reads the gateway's log on standard input and passes it on; once the gateway has said where it listens, prints what to
# try there. The log is the only place that knows: a port may be 0, and options come from four places.
trap '' INT TERM HUP  # the gateway ends this by closing its log
clients='' grpc='' admin='' shown=''

# Prints ADDRESS for a line that says that port KIND listens there, in the log's text or JSON form.
listening_address() {
  local kind=$1 line=$2
  [[ $line =~ (\ listening\ |\"event\":\"listening\") ]] || return 1
  [[ $line =~ (what=|\"what\":\")$kind(\ |\"|$) ]] || return 1
  [[ $line =~ (address=|\"address\":\")([^\ \"]+) ]] || return 1
  reachable "${BASH_REMATCH[2]}"
}

# A browser or a shell on this machine cannot connect to "any address".
reachable() {
  local host=${1%:*} port=${1##*:}
  [[ $host != '[::]' && $host != 0.0.0.0 ]] || host=localhost
  printf '%s:%s' "$host" "$port"
}

show() {
  # The default port of gRPC needs no mention.
  local at=''
  [[ $grpc == 127.0.0.1:8081 ]] || at=" --grpc $grpc"
  cat >&2 <<END

  Sluice is ready. Try in a browser's console:
    s = new WebSocket("ws://$clients/?room=lobby"); s.onmessage = m => console.log(m.data)
    s.send("hello")        // to everybody in the room, if this gateway relays
  and from a shell:
    build/release/sluice publish$at --room lobby hi
    curl -H 'Content-Type: application/json' -d '{"target":{"rooms":["lobby"]},"payload":{"text":"hi"}}' \\
      http://$admin/sluice.v1.Gateway/Publish
  Metrics: http://$admin/metrics   Connections: build/release/sluice connections$at

END
}

while IFS= read -r line || [[ -n $line ]]; do
  printf '%s\n' "$line" >&2
  [[ -z $shown ]] || continue
  [[ -n $clients ]] || clients="$(listening_address clients "$line")"
  [[ -n $grpc ]] || grpc="$(listening_address grpc "$line")"
  [[ -n $admin ]] || admin="$(listening_address admin "$line")"
  if [[ $line =~ (\ ready(\ |$)|\"event\":\"ready\") && -n $clients && -n $grpc && -n $admin ]]; then
    show
    shown=yes
  fi
done
