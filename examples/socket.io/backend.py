#!/usr/bin/python3
"""What a Socket.IO server would do, as a backend of Sluice: sends each client `clientEvent` with a random number every
3 s, and logs each `serverEvent` that comes back: python3 backend.py [GRPC-ADDRESS [SECONDS]]
Needs grpcio and protobuf (Debian: python3-grpcio, python3-protobuf) and protoc (protobuf-compiler-grpc)."""
import json
import pathlib
import queue
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import grpc

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
generated = tempfile.mkdtemp()
subprocess.run(["protoc", f"-I{PROTO}", f"--python_out={generated}", f"--grpc_python_out={generated}",
                f"--plugin=protoc-gen-grpc_python={shutil.which('grpc_python_plugin')}",
                *map(str, PROTO.glob("sluice/v1/*.proto"))], check=True)
sys.path.insert(0, generated)
from sluice.v1 import backends_pb2 as pb  # noqa: E402
from sluice.v1 import backends_pb2_grpc  # noqa: E402

address, seconds = (sys.argv[1:] + ["127.0.0.1:8081", "3"][len(sys.argv) - 1:])[:2]


class Backend:
    def __init__(self):
        self.requests = queue.SimpleQueue()  # what is said on the stream
        self.clients = {}  # by connection: the event that told of it

    def emit(self, client, event, value):
        request = pb.SubscribeEventsRequest()
        publish = request.command.publish
        publish.target.namespace = client.namespace
        publish.target.connections.append(client.connection)
        publish.payload.event = event
        publish.payload.json = json.dumps(value)
        self.requests.put(request)

    def on_event(self, event):
        kind = event.WhichOneof("kind")
        if kind == "connected":
            print(f"{event.session} is here", flush=True)
            self.clients[event.connection] = event
        elif kind == "message" and event.message.payload.event == "serverEvent":
            print(f"{event.session}: {event.message.payload.text}", flush=True)
        elif kind == "disconnected":
            print(f"{event.session} has gone ({event.disconnected.reason})", flush=True)
            self.clients.pop(event.connection, None)

    def attach(self):
        self.requests = queue.SimpleQueue()
        self.requests.put(pb.SubscribeEventsRequest(subscribe=pb.Subscribe(group="demo")))
        with grpc.insecure_channel(address) as channel:
            for response in backends_pb2_grpc.BackendsStub(channel).SubscribeEvents(iter(self.requests.get, None)):
                if response.HasField("hello"):
                    print(f"attached to {response.hello.node}", flush=True)
                for event in response.events:
                    self.on_event(event)
                if response.events:  # dealt with, and as many more may come
                    self.requests.put(pb.SubscribeEventsRequest(acknowledge=pb.Acknowledge(cursor=response.cursor)))
                    self.requests.put(pb.SubscribeEventsRequest(credit=pb.Credit(events=len(response.events))))

    def tell_numbers(self):
        while True:
            time.sleep(float(seconds))
            for client in list(self.clients.values()):
                self.emit(client, "clientEvent", random.random())


backend = Backend()
threading.Thread(target=backend.tell_numbers, daemon=True).start()
while True:
    try:
        backend.attach()
    except grpc.RpcError as error:
        print(f"not attached: {error.details()}", flush=True)
        backend.requests.put(None)  # ends what reads them
        time.sleep(1)
    except KeyboardInterrupt:
        sys.exit()
