/// What we decide about commands, beside what the server says of them: who answers, how they split, how
/// their replies compare. A rule for a container (`CLIENT`) is the default of its subcommands
/// (`CLIENT|KILL`).
///
/// To teach the proxy a command: let it fall out of `refused` here; the table knows its keys already.
enum CommandRules {
  /// Commands of servers that are not among those of `CommandTable+later.swift`: of Redis 8.4
  /// (https://redis.io/docs/latest/commands/delex/).
  static let laterRows: [CommandRow] = [CommandRow("DELEX", -2, [.write, .fast], 1, 1, 1)]

  /// No command of any server: a whole transaction as one command with the keys of all that it holds, so that everything that is
  /// known of commands with several keys is true of it. `MULTI-EXEC numkeys key… frame…`; from a client the name is unknown.
  static let transactionRows: [CommandRow] = [
    CommandRow("MULTI-EXEC", -3, [.write, .movablekeys], 0, 0, 0),
    CommandRow("MULTI-EXEC-RO", -3, [.readonly, .movablekeys], 0, 0, 0),
  ]
  static let transactionLayouts: [String: KeyLayout] = [
    "MULTI-EXEC": .counted(countAt: 1, firstKey: 2, destination: nil),
    "MULTI-EXEC-RO": .counted(countAt: 1, firstKey: 2, destination: nil),
  ]

  /// No command of any server either: a script for which there is a rule, with all the keys that it touches, by how the mirror learns what it
  /// did. `SCRIPT-REPEATED numkeys key… frame prefix…`.
  static let scriptRows: [CommandRow] = [
    CommandRow("SCRIPT-COPIED", -3, [.write, .movablekeys, .noMandatoryKeys], 0, 0, 0),
    CommandRow("SCRIPT-REPEATED", -3, [.write, .movablekeys, .noMandatoryKeys], 0, 0, 0),
    CommandRow("SCRIPT-ON-BOTH", -3, [.write, .movablekeys, .noMandatoryKeys], 0, 0, 0),
    CommandRow("SCRIPT-ON-PRIMARY", -3, [.readonly, .movablekeys, .noMandatoryKeys], 0, 0, 0),
  ]
  static let scriptLayouts: [String: KeyLayout] = Dictionary(
    uniqueKeysWithValues: scriptRows.map {
      ($0.name.description, .counted(countAt: 1, firstKey: 2, destination: nil))
    })

  static let local: [String: LocalCommand] = [
    "PING": .ping, "ECHO": .echo, "AUTH": .auth, "HELLO": .hello, "SELECT": .select, "QUIT": .quit,
    "RESET": .reset, "TIME": .time, "INFO": .info,
    "COMMAND": .command, "COMMAND|COUNT": .commandCount, "COMMAND|DOCS": .commandDocs,
    "COMMAND|INFO": .commandInfo, "COMMAND|LIST": .commandList, "COMMAND|GETKEYS": .commandGetKeys,
    "COMMAND|GETKEYSANDFLAGS": .commandGetKeysAndFlags,
    "CLIENT|ID": .clientID, "CLIENT|GETNAME": .clientGetName, "CLIENT|SETNAME": .clientSetName,
    "CLIENT|INFO": .clientInfo, "CLIENT|LIST": .clientList, "CLIENT|SETINFO": .clientSetInfo,
    "CLIENT|NO-EVICT": .clientNoEvict, "CLIENT|NO-TOUCH": .clientNoTouch, "CLIENT|CAPA": .clientCapa,
    "CLIENT|REPLY": .clientReply, "CLIENT|TRACKING": .clientTracking, "CLIENT|GETREDIR": .clientGetRedir,
    "CONFIG|GET": .configGet,
    "ACL|WHOAMI": .accessControl, "ACL|LIST": .accessControl, "ACL|USERS": .accessControl,
    "ACL|GETUSER": .accessControl, "ACL|CAT": .accessControl, "ACL|HELP": .accessControl,
    "ACL|GENPASS": .accessControl, "ACL|DRYRUN": .accessControl,
    // A refused transaction is refused at its end, where Redis refuses one that cannot run: a client that got an error for MULTI may stop
    // reading, and take the replies of the commands behind it for those of its next ones. What nobody watches can be unwatched.
    "MULTI": .multi, "EXEC": .exec, "DISCARD": .discard, "UNWATCH": .unwatch,
    "SCRIPT|LOAD": .onBothStacks, "SCRIPT|FLUSH": .onBothStacks, "SCRIPT|EXISTS": .askServer,
    "FUNCTION|LOAD": .onBothStacks, "FUNCTION|DELETE": .onBothStacks, "FUNCTION|FLUSH": .onBothStacks,
    "FUNCTION|RESTORE": .onBothStacks, "FUNCTION|LIST": .askServer, "FUNCTION|DUMP": .askServer,
    "FUNCTION|STATS": .askServer,
    // Of no replica at all it waits for nothing.
    "WAIT": .wait,
  ]

  static let keyspace: [String: KeyspaceCommand] = [
    "DBSIZE": .dbsize, "SCAN": .scan, "KEYS": .keys, "FLUSHDB": .flushdb, "FLUSHALL": .flushall,
    "RANDOMKEY": .randomkey,
  ]

  static let refused: [(Refusal, names: [String])] = [
    (.transaction, ["WATCH"]),
    (
      .pubsub,
      [
        "SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE", "SSUBSCRIBE", "SUNSUBSCRIBE", "PUBLISH",
        "SPUBLISH", "PUBSUB",
      ]
    ),
    (
      .blocking,
      [
        "BLPOP", "BRPOP", "BLMOVE", "BRPOPLPUSH", "BLMPOP", "BZPOPMIN", "BZPOPMAX", "BZMPOP",
        "CLIENT|UNBLOCK",
      ]
    ),
    (.script, ["SCRIPT"]),
    (.function, ["FUNCTION"]),
    (.replication, ["REPLICAOF", "SLAVEOF", "SYNC", "PSYNC", "REPLCONF", "FAILOVER", "ROLE", "WAITAOF"]),
    (.persistence, ["SAVE", "BGSAVE", "BGREWRITEAOF", "LASTSAVE"]),
    (.administration, ["SHUTDOWN", "LATENCY", "SLOWLOG", "MEMORY", "CLIENT", "LOLWUT", "COMMANDLOG"]),
    (.configuration, ["CONFIG"]),
    (.accessControl, ["ACL"]),
    (.cluster, ["CLUSTER", "ASKING", "READONLY", "READWRITE", "RESTORE-ASKING", "CLUSTERSCAN"]),
    (.module, ["MODULE"]),
    (.monitor, ["MONITOR"]),
    (.debugging, ["DEBUG", "PFDEBUG", "PFSELFTEST"]),
    (.database, ["MOVE", "SWAPDB"]),
    (.migrate, ["MIGRATE"]),
    (.tracking, ["CLIENT|TRACKINGINFO", "CLIENT|CACHING"]),
    (
      .help,
      [
        "CLIENT|HELP", "COMMAND|HELP", "CONFIG|HELP", "MEMORY|HELP", "OBJECT|HELP", "XGROUP|HELP",
        "XINFO|HELP",
      ]
    ),
  ]

  /// The containers whose subcommands have keys: by themselves they are nothing.
  static let empty = ["OBJECT", "XGROUP", "XINFO"]

  /// Subcommands that go to their key's lane although their container is refused.
  static let keyed: Set<String> = [
    "MEMORY|USAGE", "OBJECT|ENCODING", "OBJECT|FREQ", "OBJECT|IDLETIME", "OBJECT|REFCOUNT",
    "XGROUP|CREATE", "XGROUP|CREATECONSUMER", "XGROUP|DELCONSUMER", "XGROUP|DESTROY", "XGROUP|SETID",
    "XINFO|CONSUMERS", "XINFO|GROUPS", "XINFO|STREAM",
  ]

  /// `MSETNX` is not here: it sets all or none. Nor is `PFCOUNT`: the sum of two counts is not the count of
  /// the union.
  static let split: [String: Split] = [
    "MGET": .values, "DEL": .sum, "UNLINK": .sum, "EXISTS": .sum, "TOUCH": .sum, "MSET": .allOK,
  ]

  /// For reads only: `exact` where nothing is said.
  static let comparison: [(Comparison, names: [String])] = [
    // SORT_RO, because BY nosort on a set gives the order of its encoding.
    (.unordered, ["SMEMBERS", "SUNION", "SINTER", "SDIFF", "HKEYS", "HVALS", "KEYS", "SORT_RO"]),
    (.unorderedPairs, ["HGETALL"]),
    (
      .tolerance,
      ["TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME", "HTTL", "HPTTL", "HEXPIRETIME", "HPEXPIRETIME"]
    ),
    // ZRANK and ZREVRANK for what WITHSCORE adds.
    (.numbers, ["ZSCORE", "ZMSCORE", "GEOPOS", "GEODIST", "ZRANK", "ZREVRANK"]),
    // Of what vector sets answer, all that does not depend on how a graph was built or a number was rounded.
    (.exact, ["VCARD", "VDIM", "VGETATTR", "VISMEMBER"]),
    (
      .scores,
      [
        "ZRANGE", "ZREVRANGE", "ZRANGEBYSCORE", "ZREVRANGEBYSCORE", "ZDIFF", "ZINTER", "ZUNION", "GEOSEARCH",
        "GEORADIUS_RO", "GEORADIUSBYMEMBER_RO",
      ]
    ),
    (.typeName, ["TYPE"]),
    (.groups, ["XINFO|GROUPS"]),
    (
      .never,
      [
        // Random, or a cursor of one server's hash table.
        "RANDOMKEY", "SRANDMEMBER", "HRANDFIELD", "ZRANDMEMBER", "SCAN", "SSCAN", "HSCAN", "ZSCAN",
        // Encodings, idle times and memory: the server's own affair, not the value.
        "OBJECT|ENCODING", "OBJECT|FREQ", "OBJECT|IDLETIME", "OBJECT|REFCOUNT", "MEMORY|USAGE", "DUMP",
        "XINFO|STREAM", "XINFO|CONSUMERS", "XPENDING", "VEMB", "VINFO", "VLINKS", "VRANDMEMBER", "VSIM",
        // What they do nobody knows, and whether it is random.
        "EVAL_RO", "EVALSHA_RO", "FCALL_RO", "MULTI-EXEC-RO", "SCRIPT-ON-PRIMARY",
      ]
    ),
  ]

  static let hitMiss: Set<String> = [
    "GET", "GETEX", "GETDEL", "MGET", "HGET", "HMGET", "HGETALL", "HKEYS", "HVALS", "SMEMBERS", "LINDEX",
    "ZSCORE", "ZMSCORE", "ZRANK", "ZREVRANK", "DUMP",
  ]

  static let refusedOption: [String: RefusedOption] = [
    "XREAD": .block, "XREADGROUP": .block, "COPY": .database, "SORT": .pattern, "SORT_RO": .pattern,
    "EVAL": .keyless, "EVALSHA": .keyless, "FCALL": .keyless,
  ]
}
