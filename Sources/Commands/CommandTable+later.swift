// Written by scripts/command-table from the COMMAND replies of Redis 6.2.5, Redis 8.2.3, Valkey 9.1.2. Do not edit: run the script.
// What they have beside Redis 7.0, or take with other arguments; who, stands above each row.

extension CommandTable {
  static let laterRows: [CommandRow] = [
    // Valkey 9.1.2
    CommandRow("CLIENT|CAPA", -3, [.noscript, .loading, .stale, .allowBusy], 0, 0, 0),
    // Valkey 9.1.2
    CommandRow("CLIENT|IMPORT-SOURCE", 3, [.noscript, .loading, .stale], 0, 0, 0),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("CLIENT|NO-TOUCH", 3, [.allowBusy, .loading, .noscript, .stale], 0, 0, 0),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("CLIENT|SETINFO", 4, [.allowBusy, .loading, .noscript, .stale], 0, 0, 0),
    // Valkey 9.1.2
    CommandRow("CLUSTERSCAN", -2, [.readonly], 1, 1, 1),
    // Valkey 9.1.2
    CommandRow("CLUSTER|CANCELSLOTMIGRATIONS", 2, [.admin, .stale, .noAsyncLoading], 0, 0, 0),
    // Valkey 9.1.2
    CommandRow("CLUSTER|FLUSHSLOT", -3, [.write, .admin, .noAsyncLoading], 0, 0, 0),
    // Valkey 9.1.2
    CommandRow("CLUSTER|GETSLOTMIGRATIONS", 2, [.admin, .stale, .noAsyncLoading], 0, 0, 0),
    // Valkey 9.1.2
    CommandRow("CLUSTER|MIGRATESLOTS", -4, [.admin, .stale, .noAsyncLoading], 0, 0, 0),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("CLUSTER|MYSHARDID", 2, [.loading, .stale], 0, 0, 0),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("CLUSTER|SLOT-STATS", -4, [.loading, .stale], 0, 0, 0),
    // Valkey 9.1.2
    CommandRow("CLUSTER|SYNCSLOTS", -3, [.admin, .stale, .noAsyncLoading], 0, 0, 0),
    // Valkey 9.1.2
    CommandRow("COMMANDLOG", -2, [], 0, 0, 0),
    // Valkey 9.1.2
    CommandRow("COMMANDLOG|GET", 4, [.admin, .loading, .stale], 0, 0, 0),
    // Valkey 9.1.2
    CommandRow("COMMANDLOG|HELP", 2, [.loading, .stale], 0, 0, 0),
    // Valkey 9.1.2
    CommandRow("COMMANDLOG|LEN", 3, [.admin, .loading, .stale], 0, 0, 0),
    // Valkey 9.1.2
    CommandRow("COMMANDLOG|RESET", 3, [.admin, .loading, .stale], 0, 0, 0),
    // Valkey 9.1.2
    CommandRow("DELIFEQ", 3, [.write, .fast], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("HEXPIRE", -6, [.fast, .write], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("HEXPIREAT", -6, [.fast, .write], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("HEXPIRETIME", -5, [.fast, .readonly], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("HGETDEL", -5, [.fast, .write], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("HGETEX", -5, [.fast, .write], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("HPERSIST", -5, [.fast, .write], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("HPEXPIRE", -6, [.fast, .write], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("HPEXPIREAT", -6, [.fast, .write], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("HPEXPIRETIME", -5, [.fast, .readonly], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("HPTTL", -5, [.fast, .readonly], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("HSETEX", -6, [.denyoom, .fast, .write], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("HTTL", -5, [.fast, .readonly], 1, 1, 1),
    // Valkey 9.1.2
    CommandRow("MSETEX", -4, [.write, .denyoom, .movablekeys], 0, 0, 0),
    // Redis 6.2.5
    CommandRow("PFDEBUG", -3, [.write, .denyoom, .admin], 2, 2, 1),
    // Valkey 9.1.2
    CommandRow("SCRIPT|SHOW", 3, [.noscript, .stale], 0, 0, 0),
    // Redis 6.2.5
    CommandRow("STRALGO", -2, [.readonly, .movablekeys], 0, 0, 0),
    // Redis 8.2.3
    CommandRow("VADD", -1, [.write, .denyoom, .module], 1, 1, 1),
    // Redis 8.2.3
    CommandRow("VCARD", -1, [.readonly, .module, .fast], 1, 1, 1),
    // Redis 8.2.3
    CommandRow("VDIM", -1, [.readonly, .module, .fast], 1, 1, 1),
    // Redis 8.2.3
    CommandRow("VEMB", -1, [.readonly, .module, .fast], 1, 1, 1),
    // Redis 8.2.3
    CommandRow("VGETATTR", -1, [.readonly, .module, .fast], 1, 1, 1),
    // Redis 8.2.3
    CommandRow("VINFO", -1, [.readonly, .module, .fast], 1, 1, 1),
    // Redis 8.2.3
    CommandRow("VISMEMBER", -1, [.readonly, .module], 1, 1, 1),
    // Redis 8.2.3
    CommandRow("VLINKS", -1, [.readonly, .module, .fast], 1, 1, 1),
    // Redis 8.2.3
    CommandRow("VRANDMEMBER", -1, [.readonly, .module], 1, 1, 1),
    // Redis 8.2.3
    CommandRow("VREM", -1, [.write, .module], 1, 1, 1),
    // Redis 8.2.3
    CommandRow("VSETATTR", -1, [.write, .module, .fast], 1, 1, 1),
    // Redis 8.2.3
    CommandRow("VSIM", -1, [.readonly, .module], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("WAITAOF", 4, [.blocking], 0, 0, 0),
    // Redis 8.2.3
    CommandRow("XACKDEL", -6, [.write, .fast], 1, 1, 1),
    // Redis 8.2.3
    CommandRow("XDELEX", -5, [.write, .fast], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("ZRANK", -3, [.fast, .readonly], 1, 1, 1),
    // Redis 8.2.3, Valkey 9.1.2
    CommandRow("ZREVRANK", -3, [.fast, .readonly], 1, 1, 1),
  ]

  /// Layouts that first, last and step cannot say.
  static let laterLayouts: [String: KeyLayout] = [
    "CLUSTERSCAN": .none,
    "MSETEX": .specs(KeySpecs([KeySpec(begin: .index(1), find: .counted(count: 0, first: 1, step: 2))])),
    "STRALGO": .specs(
      KeySpecs([
        KeySpec(begin: .keyword(FoldedName("KEYS"), from: 2), find: .range(last: 1, step: 1, limit: 0))
      ])),
  ]
}
