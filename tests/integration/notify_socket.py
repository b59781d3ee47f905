"""Stands in for systemd: binds the datagram socket that the argument names ('@' begins an abstract one, which Node has no
API for), and prints each datagram as a line of JSON. Ends when standard input does."""
import json
import os
import socket
import sys
import threading

address = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\0" + address[1:] if address.startswith("@") else address)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(receiver.recv(4096).decode()), flush=True)
