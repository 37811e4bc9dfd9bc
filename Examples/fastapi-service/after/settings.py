"""What the environment says, checked once, as the service starts."""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Settings:
    redis_url: str = "redis://localhost:6400/0"
    cache_ttl: float = 300
    pool: int = 50
    timeout: float = 1.0

    @staticmethod
    def of_environment(environment=os.environ):
        settings = Settings(
            redis_url=environment.get("REDIS_URL", Settings.redis_url),
            cache_ttl=float(environment.get("CACHE_TTL", Settings.cache_ttl)),
            pool=int(environment.get("REDIS_POOL", Settings.pool)),
            timeout=float(environment.get("REDIS_TIMEOUT", Settings.timeout)))
        url = urlsplit(settings.redis_url)
        if url.scheme not in ("redis", "rediss"):
            raise ValueError(f"REDIS_URL: write redis://host:6400/0 or rediss://…, not {url.scheme}://…")
        if url.path not in ("", "/", "/0"):
            raise ValueError(f"REDIS_URL: the proxy serves database 0, whichever it is behind it; write /0 instead of {url.path}")
        return settings
