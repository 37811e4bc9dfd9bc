import SluiceCommands

/// What the layers do with one command; docs/layers.md has the same as a table.
enum LayerRule: UInt8 {
  /// Keys get their prefix, the reply is the endpoint's.
  case forward
  /// No keys: the command goes as it came.
  case pass
  /// The reply is one value, or an array of them, as stored.
  case value
  case get, mget
  /// The reply names keys.
  case keyedReply
  /// Values among the arguments are stored encoded.
  case set, setExpiring, setnx, getset, mset, msetnx
  /// Asks for the value instead, and computes the answer from it.
  case strlen, getrange
  /// Fetch, change, store.
  case append, setrange
  /// A number, which is never encoded.
  case incr, incrByFloat
  /// Looks into the bytes of a string: what is encoded is stored plain first.
  case bytes
  case dump, restore
  case sort
  case scan, keys, randomkey, dbsize, flush
  /// In no table: its keys cannot be told.
  case unknown
  /// Tells the run of the server, which an outage changes.
  case info
  case quit
  /// Belongs to a connection or to a whole server: nothing that stands behind a lane.
  case refuse

  /// The rules by id of the command, for the layers that are on.
  static func table(of settings: LayeredSettings, _ commands: CommandTable) -> [LayerRule] {
    let hasCodec = settings.compression != nil
    let hasTTL = settings.defaultMilliseconds > 0
    let hasL1 = settings.l1 != nil
    return commands.specs.map { spec in
      if spec.id == CommandTable.unknownID { return .unknown }
      switch spec.scope {
      // By it a lane ends connections that it has given up: ours to the endpoint have the numbers that it was told.
      case .refused where spec.name == "CLIENT|KILL": return .pass
      case .refused, .unknownSubcommand: return .refuse
      case .local(let command): return rule(command)
      case .keyspace(let command): return rule(command, hasPrefix: !settings.keyPrefix.isEmpty)
      // A script sees values as they are stored, and writes them without a default TTL.
      case .keyed where spec.isOurs: return .unknown
      case .keyed where spec.isScript && (hasCodec || hasTTL): return .refuse
      case .keyed: break
      }
      switch rules[spec.name] {
      case nil: return .forward
      case .get?, .mget?: return hasCodec || hasL1 ? rules[spec.name] ?? .forward : .forward
      case .value?, .strlen?, .getrange?, .bytes?, .dump?:
        return hasCodec ? rules[spec.name] ?? .forward : .forward
      case .incr?, .incrByFloat?: return hasTTL ? rules[spec.name] ?? .forward : .forward
      case .keyedReply?: return settings.keyPrefix.isEmpty ? .forward : .keyedReply
      case .setExpiring?: return hasCodec ? .setExpiring : .forward
      case let rule?: return rule == .sort || hasCodec || hasTTL ? rule : .forward
      }
    }
  }

  private static let rules: [String: LayerRule] = [
    "GET": .get, "MGET": .mget, "GETDEL": .value, "GETEX": .value,
    "SET": .set, "SETEX": .setExpiring, "PSETEX": .setExpiring, "SETNX": .setnx, "GETSET": .getset,
    "MSET": .mset, "MSETNX": .msetnx,
    "STRLEN": .strlen, "GETRANGE": .getrange, "SUBSTR": .getrange, "APPEND": .append, "SETRANGE": .setrange,
    "INCR": .incr, "DECR": .incr, "INCRBY": .incr, "DECRBY": .incr, "INCRBYFLOAT": .incrByFloat,
    "GETBIT": .bytes, "SETBIT": .bytes, "BITCOUNT": .bytes, "BITPOS": .bytes, "BITFIELD": .bytes,
    "BITFIELD_RO": .bytes, "BITOP": .bytes, "PFADD": .bytes, "PFCOUNT": .bytes, "PFMERGE": .bytes,
    "LCS": .bytes,
    "LMPOP": .keyedReply, "ZMPOP": .keyedReply, "XREAD": .keyedReply, "XREADGROUP": .keyedReply,
    "DUMP": .dump, "RESTORE": .restore, "SORT": .sort, "SORT_RO": .sort,
  ]

  private static func rule(_ command: LocalCommand) -> LayerRule {
    switch command {
    case .quit: .quit
    case .info: .info
    case .auth, .hello, .select, .reset, .clientReply, .multi, .exec, .discard, .unwatch, .wait: .refuse
    case .clientTracking, .clientGetRedir: .refuse
    default: .pass
    }
  }

  private static func rule(_ command: KeyspaceCommand, hasPrefix: Bool) -> LayerRule {
    switch command {
    case .flushdb, .flushall: .flush
    case .scan: hasPrefix ? .scan : .pass
    case .keys: hasPrefix ? .keys : .pass
    case .randomkey: hasPrefix ? .randomkey : .pass
    case .dbsize: hasPrefix ? .dbsize : .pass
    }
  }
}
