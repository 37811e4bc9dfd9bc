import SluiceProxy
import SluiceRouting
import Testing

/// What happens between clients and stacks in many a test, word for word.
extension Script {
  /// A client's command that legacy, its primary, has acknowledged; what comes of it at new is the test's affair.
  func acknowledge(
    by client: TestSocket, _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try client.send(command: words)
    #expect(try legacy.command() == words, sourceLocation: sourceLocation)
    try legacy.send("+OK\r\n")
    #expect(try client.reply() == "+OK\r\n", sourceLocation: sourceLocation)
  }

  /// A fill has begun: new says that it lacks the key, and legacy is asked for a copy.
  func expectFill(of key: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(try new.command() == ["EXISTS", key], sourceLocation: sourceLocation)
    try new.send(":0\r\n")
    try legacy.expectCopyQuestion(about: key, sourceLocation: sourceLocation)
  }
}

extension TestSocket {
  /// What a stack says of a short string's size.
  static let short = "+string\r\n$6\r\nembstr\r\n"

  /// The stack is asked what it holds of a key.
  func expectSizeQuestion(about key: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(try command() == ["TYPE", key], sourceLocation: sourceLocation)
    #expect(try command() == ["OBJECT", "ENCODING", key], sourceLocation: sourceLocation)
  }

  /// The stack is asked for a key's value and its time, and before that, what it is: a short string.
  ///
  /// - Parameter before: what it answers first.
  func expectCopyQuestion(
    about key: String, before: String = "", sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    #expect(try command() == ["TYPE", key], sourceLocation: sourceLocation)
    #expect(try command() == ["OBJECT", "ENCODING", key], sourceLocation: sourceLocation)
    try send(before + TestSocket.short)
    #expect(try command() == ["DUMP", key], sourceLocation: sourceLocation)
    #expect(try command() == ["PEXPIRETIME", key], sourceLocation: sourceLocation)
  }

  /// A copy takes the place of a doubtful value, which goes ahead of it; `replaced` answers both.
  func expectReplaced(_ restore: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
    #expect(try command() == ["UNLINK", restore[1]], sourceLocation: sourceLocation)
    #expect(try command() == restore, sourceLocation: sourceLocation)
  }

  static let replaced = ":1\r\n+OK\r\n"

  /// A copy takes the place of a value that may be right: it is there, or this one.
  func expectReplacedAtOnce(_ restore: String..., sourceLocation: SourceLocation = #_sourceLocation) throws {
    for words in [["MULTI"], ["UNLINK", restore[1]], restore, ["EXEC"]] {
      #expect(try command() == words, sourceLocation: sourceLocation)
    }
  }

  static let replacedAtOnce = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n+OK\r\n"
}

extension Bench {
  /// Runs `body` against a proxy with two real servers behind it, which end with it.
  static func runRedis(
    _ settings: ProxySettings = ProxySettings(), routing: RoutingSnapshot,
    _ body: @escaping @Sendable (Bench, _ legacy: RealRedis, _ new: RealRedis) throws -> Void
  ) async throws {
    let legacy = try RealRedis()
    let new = try RealRedis()
    // By themselves they end when nobody knows them any more, which may be later than the last test.
    defer {
      legacy.stop()
      new.stop()
    }
    try legacy.waitUntilReady()
    try new.waitUntilReady()
    try await run(
      settings, legacy: .unix(legacy.socketPath, "legacy-stack"), new: .unix(new.socketPath, "new-stack"),
      routing: routing
    ) { try body($0, legacy, new) }
  }
}
