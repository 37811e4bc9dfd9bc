"""Layers before a server, as docs/layers.md describes them: how a run asks for them, and what they make of a value, a key and
an expiry. Written from that page alone, so that the proxy's own decoder cannot hide its own mistake.
"""
import struct, zlib

MARKER = b"\0SLC"


class Unreadable(Exception):
    """What is stored begins like a stored form and is none."""


class Layers:
    def __init__(self, name, settings="", prefix=b"", default_ttl=None):
        self.name, self.settings, self.prefix, self.default_ttl = name, settings, prefix, default_ttl

    @property
    def are_any(self):
        return bool(self.settings)

    def yaml(self, has_faults):
        """The stack in `sluice.yaml`; its address comes by the command line."""
        patience = ", command_timeout: 400ms, connect_timeout: 400ms" if has_faults else ""
        return f"{{{self.settings}{patience}}}"

    def key(self, stored):
        """The key as clients know it; None if it is not one of this stack."""
        return stored[len(self.prefix):] if stored.startswith(self.prefix) else None

    def value(self, stored):
        """The value that clients read."""
        if "compression" not in self.settings or not stored.startswith(MARKER):
            return stored
        kind, rest = stored[4:5], stored[5:]
        if kind == b"=":
            return rest
        if kind != b"z" or len(rest) < 4:
            return stored
        length, = struct.unpack(">I", rest[:4])
        try:
            value = zlib.decompress(rest[4:])
        except zlib.error as error:
            raise Unreadable(str(error))
        if len(value) != length:
            raise Unreadable(f"{len(value)} bytes, and says {length}")
        return value

    def gives(self, expiry, begin, end):
        """Whether a string that was written between these times (Unix, seconds) without an expiry may end at `expiry`
        (milliseconds, as PEXPIRETIME says it)."""
        if self.default_ttl is None:
            return expiry == -1
        return (begin + self.default_ttl - 1) * 1000 <= expiry <= (end + self.default_ttl + 1) * 1000


# Small bounds, so that a short run meets evictions and values on both sides of the threshold.
KINDS = {layers.name: layers for layers in (
    Layers("plain"),
    Layers("web_app", "preset: web_app, l1: {entries: 40}, compression: {threshold: 64}", default_ttl=1800),
    Layers("ai_app", "preset: ai_app, on_connection_error: fail, compression: {threshold: 64}", default_ttl=3600),
    Layers("auto", "preset: auto, compression: {threshold: 64}", default_ttl=3600),
    Layers("prefix", "l1: {entries: 40}, key_prefix: 'app:[1]:', on_connection_error: memory", prefix=b"app:[1]:"),
)}
