/// Makes isolated caches for tests.
