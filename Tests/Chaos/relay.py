"""A wire between the proxy and one server that can be made slow: a process of its own, told by standard input.

Requests pass at once; replies wait as many seconds as the last line said, and keep their order. What one side closes is
closed on the other at once, and the replies that still wait are lost.
"""
import asyncio, sys


class Wire:
    def __init__(self, port):
        self.port, self.delay = port, 0.0


class ToClient(asyncio.Protocol):
    """The end towards the proxy."""

    def __init__(self, wire):
        self.wire, self.server, self.early = wire, None, []

    def connection_made(self, transport):
        self.transport = transport
        self.reaching = asyncio.ensure_future(self.reach())

    async def reach(self):
        loop = asyncio.get_running_loop()
        try:
            _, server = await loop.create_connection(lambda: ToServer(self.wire, self.transport), "127.0.0.1", self.wire.port)
        except OSError:
            return self.transport.abort()
        if self.transport.is_closing():
            return server.transport.abort()
        self.server = server
        for data in self.early:
            server.transport.write(data)

    def data_received(self, data):
        self.server.transport.write(data) if self.server else self.early.append(data)

    def connection_lost(self, error):
        if self.server:
            self.server.transport.abort()


class ToServer(asyncio.Protocol):
    """The end towards the server."""

    def __init__(self, wire, client):
        self.wire, self.client, self.waiting, self.last = wire, client, 0, 0.0

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        loop = asyncio.get_running_loop()
        if not self.wire.delay and not self.waiting:
            return self.client.write(data)
        # Equal times would be called in any order: each piece is due a little later than the one before.
        self.last = max(loop.time() + self.wire.delay, self.last + 1e-6)
        self.waiting += 1
        loop.call_at(self.last, self.deliver, data)

    def deliver(self, data):
        self.waiting -= 1
        if not self.client.is_closing():
            self.client.write(data)

    def connection_lost(self, error):
        self.client.abort()


async def main():
    wire = Wire(int(sys.argv[1]))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: ToClient(wire), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        wire.delay = float(line)


asyncio.run(main())
