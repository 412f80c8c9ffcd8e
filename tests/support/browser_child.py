"""A child that speaks like Textual's web driver: run as a program, it repeats what it hears.

Arguments: ``good``; ``dies WORDS``, which ends before it draws; ``deaf``, which ends for no asking.
"""

import os
import signal
import sys


def out(kind, payload):
    os.write(1, kind + len(payload).to_bytes(4, "big") + payload)


def heard():
    head = os.read(0, 5)
    while len(head) == 5:
        size, payload = int.from_bytes(head[1:], "big"), b""
        while len(payload) < size:
            payload += os.read(0, size - len(payload))
        yield head[:1], payload
        head = os.read(0, 5)


def repeat(*, deaf):
    os.write(1, b"__GANGLION__\n")
    out(b"D", b"pid %d, %s by %s" % (os.getpid(), *(os.environb[n] for n in (b"COLUMNS", b"ROWS"))))
    out(b"M", b'{"type":"open_url","url":"http://evil.example","new_tab":true}')
    out(b"P", b"a file")
    for kind, payload in heard():
        if payload == b'{"type":"quit"}' and not deaf:
            break
        out(b"D", kind + payload)
        if payload == b"q":
            sys.stderr.write("it was told to\n")
            out(b"M", b'{"type":"exit"}')
            return
    while deaf:
        signal.pause()


def main(how, words=""):
    if how == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if how == "dies":
        sys.stderr.write(f"some warning\nkalshi-assistant: {words}\n")
        raise SystemExit(3)
    repeat(deaf=how == "deaf")


if __name__ == "__main__":
    main(*sys.argv[1:])
