"""A process that sends prepared frames of a socket as fast as they are taken.

Run as a program: the number of deltas; it prints its port and serves one client at a time, each
from the snapshot on. It needs nothing but the standard library, and its frames are made before
anybody connects, so that only the client is measured.
"""

import base64
import hashlib
import socket
import struct
import sys

TICKER = "KXBTC15M-26NOV211215-15"
CHUNK = 1 << 18
GOODBYE = 0x88
"""First byte of a close frame."""


def delta(seq):
    """An order-book delta as the venue sends it, with every field it sends."""
    price, side = 1_000 + seq * 7 % 8_000, ("yes", "no")[seq % 2]
    change = (seq * 13 % 400 + 1) * 50 * (1, -1)[seq // 2 % 2]
    return (
        f'{{"type":"orderbook_delta","sid":1,"seq":{seq},"msg":{{"market_ticker":"{TICKER}",'
        f'"market_id":"9b0f6b43-5b68-4f9f-9f02-9a2d1b8ac1a1","price_dollars":"0.{price:04d}",'
        f'"delta_fp":"{change / 100:.2f}","side":"{side}","ts":"2026-11-21T17:01:40.120Z",'
        f'"ts_ms":1795280500120}}}}'
    ).encode()


SNAPSHOT = (
    f'{{"type":"orderbook_snapshot","sid":1,"seq":1,"msg":{{"market_ticker":"{TICKER}",'
    '"market_id":"x","yes_dollars_fp":[["0.5400","310.00"]],"no_dollars_fp":[["0.4400","4.00"]]}}'
).encode()


def framed(payload):
    """A text frame from a server."""
    size = len(payload)
    head = struct.pack(">BB", 0x81, size) if size < 126 else struct.pack(">BBH", 0x81, 126, size)
    return head + payload


def shake(connection):
    """Read the request, agree to it."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += connection.recv(65_536)
    lines = request.decode().split("\r\n")
    named = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
    secret = named["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(secret.encode()).digest()).decode()
    connection.sendall(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )


def serve(count):
    frames = b"".join(map(framed, [SNAPSHOT, *map(delta, range(2, count + 2))]))
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    while True:
        connection, _ = listener.accept()
        with connection:
            try:
                shake(connection)
                for start in range(0, len(frames), CHUNK):
                    connection.sendall(frames[start : start + CHUNK])
                while (said := connection.recv(65_536)) and said[0] != GOODBYE:
                    pass  # what else the client says is not for us
            except OSError:
                continue


if __name__ == "__main__":
    serve(int(sys.argv[1]))
