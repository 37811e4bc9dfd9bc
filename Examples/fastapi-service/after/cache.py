"""The service's cache: all its keys and all its commands are in this file, so what a migration meets can be read in one go."""

import json

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError


def connect(settings):
    """A client with bounds: who finds no connection waits for at most as long as who finds no answer.

    Nothing is sent twice: a count that is sent again because its answer was lost counts twice. `Redis(…)` of redis-py 8 would try ten times more.
    """
    return Redis.from_pool(BlockingConnectionPool.from_url(
        settings.redis_url, decode_responses=True, max_connections=settings.pool, timeout=settings.timeout,
        socket_timeout=settings.timeout, socket_connect_timeout=settings.timeout, health_check_interval=30,
        retry=Retry(NoBackoff(), 0)))


class Products:
    """One key each, so it does not matter which of them are on which stack."""

    def __init__(self, redis, ttl):
        self.redis, self.milliseconds = redis, int(ttl * 1000)

    async def get(self, name):
        return (await self.several([name]))[name]

    async def several(self, names):
        """What is known of each; `None` where it is not. A cache that cannot be reached knows nothing: the service goes on without."""
        try:
            found = await self.redis.mget([f"product:{name}" for name in names])
        except RedisError:
            found = [None] * len(names)
        return {name: json.loads(value) if value else None for name, value in zip(names, found)}

    async def put(self, values):
        # A pipeline, and no transaction: nobody needs these keys to change together.
        async with self.redis.pipeline(transaction=False) as pipe:
            for name, value in values.items():
                pipe.set(f"product:{name}", json.dumps(value), px=self.milliseconds)
            try:
                await pipe.execute()
            except RedisError:
                pass

    async def forget(self, name):
        # This one must not be swallowed: a value that stays would be a wrong one.
        await self.redis.delete(f"product:{name}")


class Baskets:
    """Two keys that change together, so they have one hash tag: they are on one stack at every step of a migration."""

    def __init__(self, redis):
        self.redis = redis

    async def add(self, user, name):
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.hincrby(f"basket:{{{user}}}", name, 1)
            pipe.expire(f"basket:{{{user}}}", 3600)
            pipe.incr(f"basket-changes:{{{user}}}")
            items, _, changes = await pipe.execute()
        return {"items": items, "changes": changes}

    async def of(self, user):
        return await self.redis.hgetall(f"basket:{{{user}}}")
