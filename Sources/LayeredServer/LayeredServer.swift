/// A stack with layers behind a unix-domain socket.
