"""RESP2, as much of it as a client needs."""
import socket


class Refused(Exception):
    """An error reply."""


class Connection:
    def __init__(self, port, timeout=10.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, *commands):
        out = []
        for words in commands:
            out.append(b"*%d\r\n" % len(words))
            for word in words:
                word = word if isinstance(word, bytes) else str(word).encode()
                out.append(b"$%d\r\n%s\r\n" % (len(word), word))
        self.socket.sendall(b"".join(out))

    def reply(self):
        """The next reply; an error reply is returned as a Refused."""
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("connection closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"$":
            length = int(rest)
            if length < 0:
                return None
            data = self.file.read(length + 2)
            if len(data) != length + 2:
                raise ConnectionError("connection closed")
            return data[:-2]
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            return Refused(rest.decode(errors="replace"))
        count = int(rest)
        return None if count < 0 else [self.reply() for _ in range(count)]

    def ask(self, *words):
        self.send(words)
        answer = self.reply()
        if isinstance(answer, Refused):
            raise answer
        return answer

    def ask_many(self, commands):
        """The replies to a pipeline, errors among them."""
        self.send(*commands)
        return [self.reply() for _ in commands]
