"""The same service, with a cache that is given to its routes, bounds, timeouts and a health check that really asks."""

from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from redis.exceptions import RedisError

from .cache import Baskets, Products, connect
from .settings import Settings


@asynccontextmanager
async def lifespan(app):
    settings = Settings.of_environment()
    redis = connect(settings)
    app.state.redis = redis
    app.state.products = Products(redis, settings.cache_ttl)
    app.state.baskets = Baskets(redis)
    yield
    await redis.aclose()


app = FastAPI(lifespan=lifespan)
# Stands for the database.
products = {str(number): {"id": str(number), "version": 0} for number in range(400)}


def product_cache(request: Request):
    return request.app.state.products


def basket_cache(request: Request):
    return request.app.state.baskets


ProductCache = Annotated[Products, Depends(product_cache)]
BasketCache = Annotated[Baskets, Depends(basket_cache)]


@app.get("/products/{name}")
async def product(name: str, response: Response, cache: ProductCache):
    found = await cache.get(name)
    response.headers["x-cache"] = "hit" if found else "miss"
    if found:
        return found
    if name not in products:
        raise HTTPException(404)
    value = dict(products[name])
    await cache.put({name: value})
    return value


@app.put("/products/{name}")
async def change(name: str, request: Request, cache: ProductCache):
    value = products[name] = {"id": name, "version": (await request.json())["version"]}
    await cache.forget(name)
    return value


@app.get("/lists/{names}")
async def several(names: str, response: Response, cache: ProductCache):
    found = await cache.several(names.split(","))
    missing = {name: dict(products[name]) for name, value in found.items() if value is None}
    response.headers["x-cache"] = "miss" if missing else "hit"
    if missing:
        await cache.put(missing)
    return [missing.get(name) or value for name, value in found.items()]


@app.post("/baskets/{user}/{name}")
async def put_into_basket(user: str, name: str, cache: BasketCache):
    return await cache.add(user, name)


@app.get("/baskets/{user}")
async def basket(user: str, cache: BasketCache):
    return {"items": await cache.of(user)}


@app.get("/health")
async def health(request: Request, response: Response):
    try:
        await request.app.state.redis.ping()
        return {"redis": "healthy"}
    except RedisError as error:
        response.status_code = 503
        return {"redis": str(error)}
