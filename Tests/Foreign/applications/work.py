"""One user of an application's cache: `work.py APPLICATION URL SECONDS SEED` does its ordinary work, checks what it finds, and prints what went wrong.

An application is a function that takes the URL and a name for its keys, and returns its steps: functions that raise when something is
not as it was written. Each worker has keys of its own, so whatever it finds must be what it wrote last.
"""

import asyncio
import json
import random
import sys
import time
import traceback

APPLICATIONS = {}


def application(make):
    APPLICATIONS[make.__name__] = make
    return make


def same(found, expected):
    if found != expected:
        raise AssertionError(f"found {found!r} where {expected!r} was written")


class Loop:
    """Coroutines as functions."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)

    def __call__(self, coroutine):
        return self.loop.run_until_complete(coroutine)


def django_settings(backend, url, **more):
    import django
    from django.conf import settings

    settings.configure(
        CACHES={"default": {"BACKEND": backend, "LOCATION": url, **more}}, INSTALLED_APPS=[], USE_TZ=True)
    django.setup()
    from django.core.cache import cache

    return cache


def of_django(cache, name):
    def values():
        key = f"{name}:{random.randrange(40)}"
        value = {"n": random.random(), "t": "x" * random.randrange(200)}
        cache.set(key, value, random.choice([None, 60, 3600]))
        same(cache.get(key), value)

    def counters():
        key = f"{name}:c{random.randrange(5)}"
        cache.set(key, 0)
        for number in range(1, 6):
            same(cache.incr(key), number)
        same(cache.decr(key, 5), 0)

    def many():
        pairs = {f"{name}:m{number}": random.randrange(1000) for number in range(8)}
        same(cache.set_many(pairs, 60) or [], [])
        same(cache.get_many(pairs), pairs)
        cache.delete_many(pairs)
        same(cache.get_many(pairs), {})

    def others():
        key = f"{name}:o{random.randrange(20)}"
        cache.delete(key)
        same(cache.add(key, 1, 60), True)
        same(cache.add(key, 2, 60), False)
        same(cache.get_or_set(key, 3), 1)
        same(cache.touch(key, 100), True)
        same((key in cache, cache.delete(key), cache.get(key, "none")), (True, True, "none"))

    return [values, counters, many, others]


@application
def django_core(url, name):
    return of_django(django_settings("django.core.cache.backends.redis.RedisCache", url), name)


@application
def django_redis(url, name):
    cache = django_settings("django_redis.cache.RedisCache", url)

    def locks():
        with cache.lock(f"{name}:lock", timeout=10, blocking_timeout=5):
            same(cache.lock(f"{name}:lock", timeout=1).acquire(blocking=False), False)

    def patterns():
        for number in range(5):
            cache.set(f"{name}:p:{number}", number)
        # SCAN may tell a key twice.
        same(cache.delete_pattern(f"{name}:p:*") >= 5, True)
        same(cache.get_many([f"{name}:p:{number}" for number in range(5)]), {})
        cache.set(f"{name}:ttl", 1, 100)
        same(95 <= cache.ttl(f"{name}:ttl") <= 100, True)
        same(cache.persist(f"{name}:ttl"), True)
        same(cache.ttl(f"{name}:ttl"), None)

    return of_django(cache, name) + [locks, patterns]


@application
def cacheops(url, name):
    import django
    from django.conf import settings

    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, INSTALLED_APPS=["cacheops"],
        CACHEOPS_REDIS=url, CACHEOPS={"*.*": {"ops": "all", "timeout": 300}}, CACHEOPS_PREFIX=lambda query: f"{name}:", USE_TZ=True)
    django.setup()
    from django.db import connection, models

    class Book(models.Model):
        shelf = models.IntegerField()
        title = models.CharField(max_length=50)

        class Meta:
            app_label = "cacheops"

    with connection.schema_editor() as editor:
        editor.create_model(Book)

    def queries():
        shelf = random.randrange(10)
        before = Book.objects.filter(shelf=shelf).count()
        same(Book.objects.filter(shelf=shelf).count(), before)
        book = Book.objects.create(shelf=shelf, title="t")
        same(Book.objects.filter(shelf=shelf).count(), before + 1)
        book.title = f"t{random.random()}"
        book.save()
        same(Book.objects.cache().get(pk=book.pk).title, book.title)
        if before > 5:
            Book.objects.filter(shelf=shelf).first().delete()
            same(Book.objects.filter(shelf=shelf).count(), before)

    return [queries]


@application
def flask_caching(url, name):
    from flask import Flask
    from flask_caching import Cache

    app = Flask(name)
    cache = Cache(app, config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": url, "CACHE_KEY_PREFIX": f"{name}:"})
    runs = []

    @app.route("/<item>")
    @cache.cached(timeout=300)
    def page(item):
        runs.append(item)
        return f"{item} {len(runs)}"

    def pages():
        item = f"i{random.randrange(30)}"
        first = app.test_client().get(f"/{item}").data
        before = len(runs)
        same(app.test_client().get(f"/{item}").data, first)
        same(len(runs), before)

    @cache.memoize(60)
    def square(number):
        return number * number

    def memoized():
        with app.app_context():
            number = random.randrange(20)
            same(square(number), number * number)
            if random.random() < 0.2:
                cache.delete_memoized(square)
            cache.set_many({"a": 1, "b": 2})
            same(cache.get_many("a", "b"), [1, 2])

    return [pages, memoized]


@application
def cachelib(url, name):
    from cachelib.redis import RedisCache
    from redis import Redis

    cache = RedisCache(Redis.from_url(url), key_prefix=f"{name}:")

    def values():
        key = f"k{random.randrange(30)}"
        same(cache.set(key, [1, key], 60), True)
        same(cache.get(key), [1, key])
        same((cache.add(key, 2), cache.has(key), cache.delete(key), cache.get(key)), (False, True, True, None))

    def counters():
        cache.set("n", 5)
        same((cache.inc("n", 2), cache.dec("n")), (7, 6))
        same(cache.get_many("n", "none"), [6, None])
        same(sorted(cache.set_many({"a": 1, "b": 2})), ["a", "b"])

    return [values, counters]


@application
def flask_session(url, name):
    from flask import Flask, session
    from flask_session import Session
    from redis import Redis

    app = Flask(name)
    app.config.update(SESSION_TYPE="redis", SESSION_REDIS=Redis.from_url(url), SESSION_KEY_PREFIX=f"{name}:")
    Session(app)

    @app.route("/")
    def visit():
        session["n"] = session.get("n", 0) + 1
        return str(session["n"])

    clients = [app.test_client() for _ in range(10)]
    visits = [0] * 10

    def browse():
        number = random.randrange(10)
        visits[number] += 1
        same(clients[number].get("/").data, str(visits[number]).encode())

    return [browse]


def of_limits(url, name, strategy):
    from limits import parse, storage, strategies

    store = storage.storage_from_string(url)
    limiter = getattr(strategies, strategy)(store)
    tries = {}

    def hits():
        key = f"{name}:{random.randrange(10)}"
        # Enough for a whole run.
        limit = parse("100000/hour")
        same(limiter.hit(limit, key), True)
        tries[key] = tries.get(key, 0) + 1
        same(limiter.get_window_stats(limit, key).remaining, 100000 - tries[key])

    return [hits]


@application
def limits_fixed(url, name):
    return of_limits(url, name, "FixedWindowRateLimiter")


@application
def limits_moving(url, name):
    return of_limits(url, name, "MovingWindowRateLimiter")


@application
def limits_sliding(url, name):
    return of_limits(url, name, "SlidingWindowCounterRateLimiter")


@application
def flask_limiter(url, name):
    from flask import Flask
    from flask_limiter import Limiter

    app = Flask(name)
    user = [0]
    limiter = Limiter(lambda: f"{name}:{user[0]}", app=app, storage_uri=url, strategy="moving-window")

    @app.route("/")
    @limiter.limit("5/hour")
    def page():
        return "page"

    def visits():
        user[0] += 1
        same([app.test_client().get("/").status_code for _ in range(7)], [200] * 5 + [429] * 2)

    return [visits]


@application
def slowapi(url, name):
    from fastapi import FastAPI, Request
    from fastapi.testclient import TestClient
    from slowapi import Limiter, _rate_limit_exceeded_handler
    from slowapi.errors import RateLimitExceeded

    user = [0]
    limiter = Limiter(key_func=lambda: f"{name}:{user[0]}", storage_uri=url)
    app = FastAPI()
    app.state.limiter = limiter
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)

    @app.get("/")
    @limiter.limit("3/hour")
    def page(request: Request):
        return "page"

    client = TestClient(app)

    def visits():
        user[0] += 1
        same([client.get("/").status_code for _ in range(5)], [200] * 3 + [429] * 2)

    return [visits]


@application
def fastapi_cache2(url, name):
    import redis.asyncio
    from fastapi_cache.backends.redis import RedisBackend

    run = Loop()
    backend = RedisBackend(redis.asyncio.from_url(url))

    async def values():
        key = f"{name}:v:{random.randrange(30)}"
        value = str(random.random()).encode()
        await backend.set(key, value, expire=60)
        ttl, found = await backend.get_with_ttl(key)
        same((0 < ttl <= 60, found, await backend.get(key)), (True, value, value))
        same((await backend.clear(key=key), await backend.get(key)), (1, None))

    async def namespaces():
        keys = [f"{name}:n:{number}" for number in range(5)]
        for key in keys:
            await backend.set(key, b"v")
        await backend.clear(namespace=f"{name}:n")
        same([await backend.get(key) for key in keys], [None] * 5)

    return [lambda: run(values()), lambda: run(namespaces())]


@application
def aiocache(url, name):
    from urllib.parse import urlparse

    from aiocache import Cache
    from aiocache.lock import RedLock
    from aiocache.serializers import JsonSerializer

    run = Loop()
    where = urlparse(url)
    cache = Cache(Cache.REDIS, endpoint=where.hostname, port=where.port, namespace=f"{name}:", serializer=JsonSerializer())

    async def values():
        key = f"k{random.randrange(30)}"
        await cache.set(key, {"n": 1}, ttl=60)
        same(await cache.get(key), {"n": 1})
        same((await cache.exists(key), await cache.delete(key), await cache.get(key)), (True, 1, None))
        await cache.add(key, 1)
        same(await cache.increment("n" + key, 2) >= 2, True)

    async def many():
        pairs = [[f"m{number}", number] for number in range(6)]
        await cache.multi_set(pairs, ttl=60)
        same(await cache.multi_get([key for key, _ in pairs]), [value for _, value in pairs])

    async def locks():
        async with RedLock(cache, "lock", 5):
            await cache.set("inside", 1)
        same(await cache.get("lock-lock"), None)

    return [lambda: run(values()), lambda: run(many()), lambda: run(locks())]


@application
def cashews(url, name):
    from cashews import Cache

    run = Loop()
    cache = Cache()
    cache.setup(url, client_side=False)

    async def values():
        key = f"{name}:{random.randrange(30)}"
        await cache.set(key, {"n": 1}, expire=60)
        same(await cache.get(key), {"n": 1})
        same(await cache.set(key, 2, exist=False), False)
        await cache.delete(key)
        same(await cache.get(key), None)
        same(await cache.incr(f"{key}:n") > 0, True)

    async def many():
        pairs = {f"{name}:m{number}": number for number in range(6)}
        await cache.set_many(pairs, expire=60)
        same(await cache.get_many(*pairs), tuple(pairs.values()))
        await cache.delete_match(f"{name}:m*")
        same(await cache.get_many(*pairs), (None,) * 6)

    async def locks():
        async with cache.lock(f"{name}:lock", expire=5):
            pass
        same(await cache.is_locked(f"{name}:lock"), False)

    return [lambda: run(values()), lambda: run(many()), lambda: run(locks())]


@application
def dogpile(url, name):
    from dogpile.cache import make_region

    region = make_region(key_mangler=lambda key: f"{name}:{key}").configure(
        "dogpile.cache.redis", expiration_time=300,
        arguments={"url": url, "distributed_lock": True, "redis_expiration_time": 600, "thread_local_lock": False, "lock_timeout": 10})
    made = []

    def create():
        key = f"k{random.randrange(30)}"
        value = region.get_or_create(key, lambda: made.append(key) or len(made))
        same(region.get(key), value)
        if random.random() < 0.2:
            region.delete(key)

    def many():
        pairs = {f"m{number}": number for number in range(6)}
        region.set_multi(pairs)
        same(region.get_multi(list(pairs)), list(pairs.values()))
        region.delete_multi(list(pairs))

    return [create, many]


@application
def walrus(url, name):
    from walrus import Database

    database = Database.from_url(url)
    cache = database.cache(name=f"{name}:cache", default_timeout=60)
    ranks = database.ZSet(f"{name}:z")
    fields = database.Hash(f"{name}:h")
    queue = database.List(f"{name}:l")
    members = database.Set(f"{name}:s")

    def values():
        key = f"k{random.randrange(20)}"
        cache.set(key, [key], 60)
        same(cache.get(key), [key])
        cache.delete(key)
        same(cache.get(key), None)

    def structures():
        field = f"f{random.randrange(20)}"
        ranks[field] = 5
        fields[field] = "v"
        members.add(field)
        queue.append(field)
        same((ranks.score(field), fields[field], field in members), (5.0, b"v", True))
        same(queue.popleft(), field.encode())

    return [values, structures]


@application
def redis_py_lock(url, name):
    from redis import Redis

    client = Redis.from_url(url)

    def locks():
        key = f"{name}:{random.randrange(5)}"
        lock = client.lock(key, timeout=10)
        same(lock.acquire(blocking=False), True)
        same(client.lock(key, timeout=10).acquire(blocking=False), False)
        same(lock.extend(5), True)
        same(lock.reacquire(), True)
        same(lock.owned(), True)
        lock.release()
        same(client.exists(key), 0)

    return [locks]


@application
def redlock(url, name):
    from redis import Redis
    from redlock import Redlock

    manager = Redlock([Redis.from_url(url)])

    def locks():
        key = f"{name}:{random.randrange(5)}"
        lock = manager.lock(key, 10000)
        same((bool(lock), bool(Redlock([Redis.from_url(url)], retry_count=1).lock(key, 1000))), (True, False))
        manager.unlock(lock)
        lock = manager.lock(key, 10000)
        same(bool(lock), True)
        manager.unlock(lock)

    return [locks]


@application
def python_redis_lock(url, name):
    import redis_lock
    from redis import Redis

    client = Redis.from_url(url)

    def locks():
        key = f"{name}:{random.randrange(5)}"
        lock = redis_lock.Lock(client, key, expire=10)
        same(lock.acquire(blocking=False), True)
        same(redis_lock.Lock(client, key, expire=10).acquire(blocking=False), False)
        lock.extend(20)
        lock.release()
        same(redis_lock.Lock(client, key).locked(), False)

    return [locks]


@application
def huey(url, name):
    from huey import RedisHuey

    tasks = RedisHuey(name, url=url, blocking=False)

    @tasks.task()
    def add(a, b):
        return a + b

    def work():
        result = add(2, 3)
        task = tasks.dequeue()
        same(tasks.execute(task), 5)
        same(result.get(), 5)
        same(tasks.pending_count(), 0)

    return [work]


@application
def scrapy_redis(url, name):
    from redis import Redis
    from scrapy import Request
    from scrapy.spiders import Spider
    from scrapy_redis.dupefilter import RFPDupeFilter
    from scrapy_redis.queue import FifoQueue, PriorityQueue

    client = Redis.from_url(url)
    spider = Spider(name)
    queues = [kind(client, spider, f"{name}:{kind.__name__}") for kind in (FifoQueue, PriorityQueue)]
    seen = RFPDupeFilter(client, f"{name}:seen")

    def requests():
        for queue in queues:
            same(len(queue), 0)
            queue.push(Request("http://a/1"))
            queue.push(Request("http://a/2"))
            same({queue.pop().url, queue.pop().url}, {"http://a/1", "http://a/2"})
        request = Request(f"http://b/{random.random()}")
        same((seen.request_seen(request), seen.request_seen(request)), (False, True))

    return [requests]


@application
def apscheduler(url, name):
    from urllib.parse import urlparse

    from apscheduler.jobstores.redis import RedisJobStore
    from apscheduler.schedulers.background import BackgroundScheduler

    where = urlparse(url)
    store = RedisJobStore(jobs_key=f"{name}:jobs", run_times_key=f"{name}:times", host=where.hostname, port=where.port)
    scheduler = BackgroundScheduler(jobstores={"default": store})
    scheduler.start(paused=True)

    def jobs():
        job = scheduler.add_job("builtins:print", "interval", hours=1)
        same(scheduler.get_job(job.id).id, job.id)
        scheduler.reschedule_job(job.id, trigger="interval", hours=2)
        job.remove()
        same(scheduler.get_jobs(), [])

    return [jobs]


@application
def redis_om(url, name):
    import os

    os.environ["REDIS_OM_URL"] = url
    from redis_om import HashModel, get_redis_connection

    class Customer(HashModel, index=True):
        first: str
        age: int

        class Meta:
            global_key_prefix = name
            database = get_redis_connection(url=url, decode_responses=True)

    def models():
        customer = Customer(first="A", age=3)
        customer.save()
        same(Customer.get(customer.pk).age, 3)
        customer.update(age=4)
        same(Customer.get(customer.pk).age, 4)
        same(Customer.delete(customer.pk), 1)

    return [models]


@application
def valkey_py(url, name):
    from valkey import Valkey

    client = Valkey.from_url(url)

    def work():
        key = f"{name}:{random.randrange(20)}"
        client.set(key, "v", ex=60)
        with client.pipeline() as pipe:
            same(pipe.set(f"{{{key}}}n", 0).incr(f"{{{key}}}n").get(key).execute(), [True, 1, b"v"])
        client.hset(f"{key}:h", mapping={"a": 1})
        same(client.hgetall(f"{key}:h"), {b"a": b"1"})
        script = client.register_script("return redis.call('incrby', KEYS[1], ARGV[1])")
        client.delete(f"{key}:s")
        same(script([f"{key}:s"], [4]), 4)

    return [work]


@application
def coredis(url, name):
    from coredis import Redis

    run = Loop()

    async def all():
        async with Redis.from_url(url) as client:
            for _ in range(20):
                key = f"{name}:{random.randrange(20)}"
                await client.set(key, "v", ex=60)
                same(await client.get(key), b"v")
                await client.hset(f"{key}:h", {"a": "1"})
                same(await client.hgetall(f"{key}:h"), {b"a": b"1"})
                same(await client.mget([key, f"{key}:none"]), (b"v", None))

    return [lambda: run(all())]


@application
def glide(url, name):
    from urllib.parse import urlparse

    from glide_sync import GlideClient, GlideClientConfiguration, NodeAddress

    where = urlparse(url)
    client = GlideClient.create(GlideClientConfiguration([NodeAddress(where.hostname, where.port)]))

    def work():
        key = f"{name}:{random.randrange(20)}"
        client.set(key, "v")
        same(client.get(key), b"v")
        client.hset(f"{key}:h", {"a": "1"})
        same(client.hgetall(f"{key}:h"), {b"a": b"1"})
        client.delete([f"{key}:n"])
        same(client.incr(f"{key}:n"), 1)
        same(client.mget([key, f"{key}:none"]), [b"v", None])

    return [work]


def main():
    name, url, seconds, seed = sys.argv[1:5]
    random.seed(seed)
    steps = APPLICATIONS[name](url, f"w{seed}")
    end = time.monotonic() + float(seconds)
    done, errors = 0, {}
    while time.monotonic() < end:
        step = random.choice(steps)
        try:
            step()
        except Exception as error:
            text = f"{type(error).__name__}: {error}"[:300] or traceback.format_exc()[-300:]
            errors[text] = errors.get(text, 0) + 1
            time.sleep(0.01)
        done += 1
    print(json.dumps({"done": done, "errors": errors}))
    sys.stdout.flush()
    # Threads of schedulers and loops need not be waited for.
    import os

    os._exit(0)


if __name__ == "__main__":
    main()
