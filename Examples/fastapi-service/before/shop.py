"""A shop's service as such services are often written: one client for the whole module, an address in the code, whatever keys come to mind.

It moves behind Sluice as it is, by its address alone, once that says database 0. What it costs: its basket is a transaction of two keys, and they may
be on two stacks for a while, so the proxy needs `transactions: {split: true}`.
"""

import json
import os

from fastapi import FastAPI, HTTPException, Request, Response
from redis.asyncio import Redis

redis = Redis.from_url(os.getenv("REDIS_URL", "redis://localhost:6379/3"), decode_responses=True)
TTL = float(os.getenv("CACHE_TTL", "300"))
app = FastAPI()
# Stands for the database.
products = {str(number): {"id": str(number), "version": 0} for number in range(400)}


@app.get("/products/{name}")
async def product(name: str, response: Response):
    found = await redis.get(f"product:{name}")
    response.headers["x-cache"] = "hit" if found else "miss"
    if found:
        return json.loads(found)
    if name not in products:
        raise HTTPException(404)
    value = dict(products[name])
    await redis.set(f"product:{name}", json.dumps(value), px=int(TTL * 1000))
    return value


@app.put("/products/{name}")
async def change(name: str, request: Request):
    value = products[name] = {"id": name, "version": (await request.json())["version"]}
    await redis.delete(f"product:{name}")
    return value


@app.get("/lists/{names}")
async def several(names: str, response: Response):
    wanted = names.split(",")
    found = dict(zip(wanted, await redis.mget([f"product:{name}" for name in wanted])))
    missing = {name: dict(products[name]) for name in wanted if not found[name]}
    response.headers["x-cache"] = "miss" if missing else "hit"
    if missing:
        async with redis.pipeline() as pipe:
            for name, value in missing.items():
                pipe.set(f"product:{name}", json.dumps(value), px=int(TTL * 1000))
            await pipe.execute()
    return [missing.get(name) or json.loads(found[name]) for name in wanted]


@app.post("/baskets/{user}/{name}")
async def put_into_basket(user: str, name: str):
    async with redis.pipeline() as pipe:
        pipe.hincrby(f"basket:{user}", name, 1)
        pipe.expire(f"basket:{user}", 3600)
        pipe.incr(f"basket-changes:{user}")
        items, _, changes = await pipe.execute()
    return {"items": items, "changes": changes}


@app.get("/baskets/{user}")
async def basket(user: str):
    return {"items": await redis.hgetall(f"basket:{user}")}
