/// Who answers a command.
public enum Scope: Sendable, BitwiseCopyable, Equatable {
  /// The primary of the command's keys, through their lane.
  case keyed

  /// The proxy itself; no stack hears of it.
  case local(LocalCommand)

  /// The whole key space: both stacks, or the one that has it all at the present stage.
  case keyspace(KeyspaceCommand)

  /// Nobody: the client gets the refusal's message.
  case refused(Refusal)

  /// Nobody: its container has no subcommand of that name, and Redis says so too.
  case unknownSubcommand
}

/// A command that the proxy answers by itself.
public enum LocalCommand: UInt8, Sendable, BitwiseCopyable, Equatable, CaseIterable {
  case ping, echo, auth, hello, select, quit, reset, time, info
  case command, commandCount, commandDocs, commandInfo, commandList
  case commandGetKeys, commandGetKeysAndFlags
  case clientID, clientGetName, clientSetName, clientInfo, clientList, clientSetInfo, clientNoEvict,
    clientNoTouch, clientCapa, clientTracking, clientGetRedir
  case configGet, clientReply
  case multi, exec, discard, unwatch, wait
  /// `ACL …`, as far as it changes nobody.
  case accessControl
  /// Asked of the server that answers `INFO`, or said to both.
  case askServer, onBothStacks
}

/// A command about all keys at once.
public enum KeyspaceCommand: UInt8, Sendable, BitwiseCopyable, Equatable, CaseIterable {
  case dbsize, scan, keys, flushdb, flushall, randomkey
}
