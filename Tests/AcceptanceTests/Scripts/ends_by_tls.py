"""Asks for many values by TLS, ends its own side, and reads what comes: how many bytes of replies, and how the other side ended.

ends_by_tls.py PORT CA notify|ragged 1.2|1.3: with the goodbye of TLS, or without, as most Redis clients end.
"""

import socket
import ssl
import sys

port, ca, way, version = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
context = ssl.create_default_context(cafile=ca)
context.maximum_version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
plain = socket.create_connection(("127.0.0.1", port), timeout=10)
while True:
    try:
        tls.do_handshake()
        break
    except ssl.SSLWantReadError:
        plain.sendall(outgoing.read())
        incoming.write(plain.recv(65536))
count, value = 1000, b"v" * 2000
tls.write(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n" % (len(value), value))
tls.write(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\n" * count)
plain.sendall(outgoing.read())
if way == "notify":
    # Python reads nothing more behind its own goodbye, so the bytes are counted as they come.
    try:
        tls.unwrap()
    except ssl.SSLWantReadError:
        pass
    plain.sendall(outgoing.read())
plain.shutdown(socket.SHUT_WR)
raw = read = 0
end = "cut"
while True:
    data = plain.recv(65536)
    if not data:
        break
    raw += len(data)
    incoming.write(data)
    while way == "ragged" and end == "cut":
        try:
            text = tls.read(65536)
        except ssl.SSLWantReadError:
            break
        except ssl.SSLZeroReturnError:
            text = b""
        read += len(text)
        if not text:
            end = "goodbye"
expected = len("+OK\r\n") + count * (len(value) + len("$2000\r\n\r\n"))
if way == "notify":
    print("all" if raw > expected else raw)
else:
    print("all" if read == expected else read, end)
