// What a Redis is to every client, whichever way it is asked.
@_exported import SluiceRedis
