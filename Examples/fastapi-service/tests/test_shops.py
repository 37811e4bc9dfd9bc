"""What the services promise, each with a real Redis. Whether they go on promising it behind the proxy is walk.py's."""

import os
import socket
import subprocess
import sys
import time

import pytest

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, HERE)


def free_port():
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def wait_for(port, process):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        assert process.poll() is None, "it has ended"
        with socket.socket() as link:
            if link.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens on {port}")


@pytest.fixture
def redis_port(tmp_path):
    port = free_port()
    process = subprocess.Popen(["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path)], stdout=subprocess.DEVNULL)
    wait_for(port, process)
    yield port
    process.kill()
    process.wait()


@pytest.fixture(params=["before", "after", "django_cache"])
def shop(request, redis_port):
    """A client of the service, and one of its Redis."""
    import httpx
    import redis

    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "--app-dir", HERE, "--port", str(port), "--log-level", "error", f"{request.param}.shop:app"],
        env={**os.environ, "REDIS_URL": f"redis://127.0.0.1:{redis_port}/0", "CACHE_TTL": "60"})
    wait_for(port, process)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        yield request.param, client, redis.Redis(port=redis_port)
    process.kill()
    process.wait()


def test_a_product_is_read_once_and_then_found(shop):
    _, client, redis = shop
    assert [client.get("/products/7").headers["x-cache"] for _ in range(3)] == ["miss", "hit", "hit"]
    assert client.get("/products/7").json() == {"id": "7", "version": 0}
    assert client.get("/products/none").status_code == 404
    assert all(0 < redis.ttl(key) <= 60 for key in redis.keys())


def test_a_change_is_seen_at_once(shop):
    _, client, _ = shop
    client.get("/products/7")
    assert client.put("/products/7", json={"version": 5}).status_code == 200
    answer = client.get("/products/7")
    assert (answer.headers["x-cache"], answer.json()["version"]) == ("miss", 5)


def test_a_list_asks_for_what_is_missing_alone(shop):
    _, client, redis = shop
    client.get("/products/1")
    assert client.get("/lists/1,2,3").headers["x-cache"] == "miss"
    assert client.get("/lists/1,2,3").headers["x-cache"] == "hit"
    assert [value["id"] for value in client.get("/lists/3,1,2").json()] == ["3", "1", "2"]
    assert len(redis.keys()) == 3


def test_a_basket_counts(shop):
    _, client, _ = shop
    for count in range(1, 4):
        assert client.post("/baskets/ada/9").json() == {"items": count, "changes": count}
    assert {key: int(value) for key, value in client.get("/baskets/ada").json()["items"].items()} == {"9": 3}
    assert client.get("/baskets/bob").json() == {"items": {}}


def test_without_its_redis_the_service_goes_on(shop):
    name, client, redis = shop
    client.get("/products/7")
    try:
        redis.shutdown(nosave=True)
    except Exception:  # It answers by closing the connection.
        pass
    answer = client.get("/products/7")
    if name == "after":
        assert (answer.status_code, answer.headers["x-cache"]) == (200, "miss")
        assert client.get("/health").status_code == 503
        # A value that cannot be removed must not be said to be changed.
        assert client.put("/products/7", json={"version": 1}).status_code == 500
    else:
        # What the change is for: the others fail with it.
        assert answer.status_code == 500


def test_after_says_what_is_wrong_with_its_settings():
    from after.settings import Settings

    assert Settings.of_environment({}).redis_url == "redis://localhost:6400/0"
    assert Settings.of_environment({"REDIS_URL": "rediss://proxy:6400", "REDIS_POOL": "5"}).pool == 5
    for url in ("redis://proxy:6400/3", "proxy:6400", "memcached://proxy"):
        with pytest.raises(ValueError, match="REDIS_URL"):
            Settings.of_environment({"REDIS_URL": url})


def test_what_belongs_together_has_one_hash_tag():
    from after.cache import Baskets

    class Pipe:
        keys = []

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            pass

        def __getattr__(self, name):
            return lambda key, *_: self.keys.append(key)

        async def execute(self):
            return 1, True, 1

    class Redis:
        def pipeline(self, transaction):
            assert transaction
            return Pipe()

    import asyncio

    asyncio.run(Baskets(Redis()).add("ada", "9"))
    assert len(Pipe.keys) == 3 and all(key.endswith(":{ada}") for key in Pipe.keys)
