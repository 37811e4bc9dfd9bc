/// Shared caches with a life cycle.
