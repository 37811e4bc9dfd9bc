"""The same routes over Django's own Redis cache, in one file.

`set_many` of that cache is a transaction of all its keys that nobody needs to be atomic: `transactions: {split: true}`.
"""

import json
import os

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpResponseNotFound, JsonResponse
from django.urls import path

settings.configure(
    DEBUG=False, SECRET_KEY="of an example", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, INSTALLED_APPS=[], MIDDLEWARE=[], USE_TZ=True,
    CACHES={"default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.getenv("REDIS_URL", "redis://localhost:6400/0"),
        "KEY_PREFIX": "shop",
        "TIMEOUT": float(os.getenv("CACHE_TTL", "300")),
        # They go to redis-py as they are: without them a service waits for as long as its network does.
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1, "health_check_interval": 30},
    }})
django.setup()

from django.core.cache import cache  # noqa: E402  Django wants its settings first.

# Stands for the database.
products = {str(number): {"id": str(number), "version": 0} for number in range(400)}


def answer(value, hit=None):
    headers = {} if hit is None else {"x-cache": "hit" if hit else "miss"}
    return JsonResponse(value, safe=False, headers=headers)


def product(request, name):
    if request.method == "PUT":
        value = products[name] = {"id": name, "version": json.loads(request.body)["version"]}
        cache.delete(name)
        return answer(value)
    found = cache.get(name)
    if found is None and name not in products:
        return HttpResponseNotFound()
    if found is None:
        cache.set(name, dict(products[name]))
    return answer(found or products[name], hit=found is not None)


def several(request, names):
    wanted = names.split(",")
    found = cache.get_many(wanted)
    missing = {name: dict(products[name]) for name in wanted if name not in found}
    if missing:
        cache.set_many(missing)
    return answer([found.get(name) or missing[name] for name in wanted], hit=not missing)


def basket(request, user, name=None):
    key = f"basket:{user}"
    if name is None:
        return answer({"items": cache.get(key, {})})
    # One value for the whole basket: Django's cache knows no hashes. Its changes are counted by Redis itself.
    items = cache.get(key, {})
    items[name] = items.get(name, 0) + 1
    cache.set(key, items, 3600)
    cache.add(f"basket-changes:{user}", 0, 3600)
    return answer({"items": items[name], "changes": cache.incr(f"basket-changes:{user}")})


urlpatterns = [
    path("products/<name>", product), path("lists/<names>", several),
    path("baskets/<user>", basket), path("baskets/<user>/<name>", basket),
]
app = get_asgi_application()
