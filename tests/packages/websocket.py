"""A WebSocket client of a few lines (RFC 6455), as Python has none of its own."""
import base64
import os
import socket


class WebSocket:
    def __init__(self, address, target="/?room=lobby"):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=20)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        self.rest = b""
        while b"\r\n\r\n" not in self.rest:
            self.rest += self._received()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])

    def send(self, text):
        """Sends a text of less than 126 bytes, masked by zeros, which is a mask."""
        data = text.encode()
        self.socket.sendall(bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data)

    def receive(self):
        """Gives the next frame as (opcode, payload); short ones only."""
        while len(self.rest) < 2 or len(self.rest) < 2 + self.rest[1]:
            self.rest += self._received()
        length = self.rest[1]
        frame, self.rest = self.rest[:2 + length], self.rest[2 + length:]
        return frame[0] & 0x0F, frame[2:]

    def _received(self):
        data = self.socket.recv(4096)
        if not data:
            raise EOFError("the gateway closed the connection")
        return data

    def close(self):
        self.socket.close()
