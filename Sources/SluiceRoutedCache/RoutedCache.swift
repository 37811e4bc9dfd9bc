/// Two caches, the flags and a ledger inside one process.
