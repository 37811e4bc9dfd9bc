import SluiceRESP
import SluiceServers
import Testing

@testable import SluiceCopying

/// Small keys, byte by byte: what is asked, what is answered, what is written.
@Suite struct SmallCopyTests {
  private static func facts(_ kind: ServerFacts.Kind, _ major: Int, _ minor: Int, stamp: UInt16)
    -> ServerFacts
  {
    var facts = ServerFacts()
    (facts.kind, facts.version, facts.stamp) = (kind, ServerVersion(major, minor), stamp)
    return facts
  }

  private static let redis62 = facts(.redis, 6, 2, stamp: 9)
  private static let redis70 = facts(.redis, 7, 0, stamp: 10)
  private static let redis82 = facts(.redis, 8, 2, stamp: 12)
  private static let valkey91 = facts(.valkey, 9, 1, stamp: 80)
  private static let hidden = "{k}\u{0}sluice-copy"
  private let key = Array("k".utf8)

  private func copy(_ kind: ValueKind, _ source: ServerFacts, _ target: ServerFacts, byValue: Bool = false)
    -> SmallCopy
  {
    SmallCopy(
      kind, SmallCopy.Servers(from: source, to: target), bounds: CopyBounds(), goesByValue: byValue)
  }

  /// The commands in `frames`, which `ends` must tell apart.
  private func commands(_ copy: SmallCopy) -> [String] {
    var start = 0
    return copy.ends.map { end in
      let frame = copy.frames[start..<end]
      start = end
      var framer = RequestFramer(limits: FrameLimits())
      guard case .command(let length) = framer.next(Array(frame).span), length == frame.count else {
        return "not one command"
      }
      return framer.arguments.map { String(decoding: Array(frame)[$0.range], as: UTF8.self) }
        .joined(separator: " ")
    }
  }

  private func ask(_ copy: inout SmallCopy) -> [String] {
    copy.ask(key)
    return commands(copy)
  }

  private func told(_ copy: inout SmallCopy, _ reply: String, _ part: SmallCopy.Part = .value)
    -> SmallCopy.Step
  {
    copy.told(part, Array(reply.utf8).span, of: key)
  }

  private func tell(_ copy: inout SmallCopy, time: Int, base: Int = 0) {
    copy.told(time: Array(":\(time)\r\n".utf8).span, base: base)
  }

  private func tell(_ copy: inout SmallCopy, encoding: String) {
    copy.told(encoding: Array("$\(encoding.utf8.count)\r\n\(encoding)\r\n".utf8).span)
  }

  @Test func aStringIsReadAndSet() {
    var copy = copy(.string, Self.redis62, Self.redis70)
    #expect(ask(&copy) == ["PTTL k", "GETRANGE k 0 16384"])
    tell(&copy, time: 500, base: 1000)
    #expect(told(&copy, "$3\r\na\r\n\r\n") == .write(.value), "any bytes")
    #expect(commands(copy) == ["SET k a\r\n NX PXAT 1500"])
    tell(&copy, time: -1)
    #expect(told(&copy, "$1\r\na\r\n") == .write(.value))
    #expect(commands(copy) == ["SET k a NX"])
    tell(&copy, time: -2)
    #expect(told(&copy, "$0\r\n\r\n") == .absent)
    tell(&copy, time: -1)
    #expect(told(&copy, "$0\r\n\r\n") == .open, "a string of no bytes, or a key that is just gone")
    #expect(told(&copy, "-WRONGTYPE Operation against\r\n") == .other)
    #expect(told(&copy, "-LOADING\r\n") == .open)
    #expect(told(&copy, "-") == .open)
    let (small, large) = (String(repeating: "x", count: 16384), String(repeating: "x", count: 16385))
    #expect(told(&copy, "$16384\r\n\(small)\r\n") == .write(.value))
    #expect(told(&copy, "$16385\r\n\(large)\r\n") == .open)
  }

  @Test func aDumpGoesAsItIsOrRestampedOrNotAtAll() {
    // A hash in a listpack, as 8.2 dumps it; its checksum is not looked at on the way to an equal server.
    let dump =
      DumpTable.restamped([16, 1, UInt8(ascii: "v"), 10, 0] + DumpTableTests.checksum(16), to: 12) ?? []
    let reply = "$\(dump.count)\r\n"
    func told(_ copy: inout SmallCopy) -> SmallCopy.Step {
      tell(&copy, time: 7)
      return copy.told(.dump, (Array(reply.utf8) + dump + [13, 10]).span, of: key)
    }
    var equal = copy(.hash, Self.redis82, Self.redis82)
    #expect(ask(&equal) == ["PEXPIRETIME k", "DUMP k"])
    #expect(told(&equal) == .write(.dump))
    #expect(
      equal.frames.starts(with: Array("*5\r\n$7\r\nRESTORE\r\n$1\r\nk\r\n$1\r\n7\r\n\(reply)".utf8) + dump))
    var other = copy(.hash, Self.redis82, Self.valkey91)
    #expect(told(&other) == .write(.restamped))
    #expect(other.ends == [other.frames.count])
    var older = copy(.hash, Self.redis82, Self.redis62)
    #expect(told(&older) == .askAnew)
    older.goesByValue = true
    #expect(ask(&older) == ["OBJECT ENCODING k", "PEXPIRETIME k", "HGETALL k"])
  }

  @Test(arguments: [
    (ValueKind.hash, "HGETALL k", "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n", "HSET", "a 1 b 2", 2),
    (.set, "SMEMBERS k", "*2\r\n$1\r\na\r\n$1\r\nb\r\n", "SADD", "a b", 2),
    (.set, "SMEMBERS k", "~2\r\n$1\r\na\r\n$1\r\nb\r\n", "SADD", "a b", 2),
    (.list, "LRANGE k 0 -1", "*2\r\n$1\r\na\r\n$1\r\na\r\n", "RPUSH", "a a", 2),
    (
      .sortedSet, "ZRANGE k 0 -1 WITHSCORES", "*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$3\r\ninf\r\n", "ZADD",
      "1 a inf b", 2
    ),
  ])
  func otherTypesAreMadeAtOnceUnderAHiddenName(
    kind: ValueKind, question: String, answer: String, command: String, words: String, elements: Int
  ) {
    var copy = copy(kind, Self.redis70, Self.redis62, byValue: true)
    #expect(ask(&copy) == ["PEXPIRETIME k", question])
    tell(&copy, time: 9000, base: 1)
    #expect(told(&copy, answer) == .write(.value))
    #expect(
      commands(copy) == [
        "MULTI", "UNLINK \(Self.hidden)", "\(command) \(Self.hidden) \(words)",
        "PEXPIREAT \(Self.hidden) 9001", "RENAMENX \(Self.hidden) k", "EXEC",
      ])
    #expect(copy.elements == elements)
    tell(&copy, time: -1)
    #expect(told(&copy, answer) == .write(.value))
    #expect(commands(copy).count == 5)
    #expect(told(&copy, "*0\r\n") == .open)
    #expect(told(&copy, "*2\r\n:1\r\n$1\r\na\r\n") == .open, "what is no string is not passed on")
    #expect(told(&copy, "*2\r\n$1\r\na\r\n$9\r\nb\r\n") == .open, "nor what is cut off")
    tell(&copy, time: -2)
    #expect(told(&copy, answer) == .absent)
  }

  @Test func aHashWhoseFieldsMayHaveTimesIsLeftToTheLongWay() {
    var copy = copy(.hash, Self.valkey91, Self.redis62, byValue: true)
    #expect(ask(&copy) == ["OBJECT ENCODING k", "PEXPIRETIME k", "HGETALL k"])
    for (encoding, step) in [
      ("listpack", SmallCopy.Step.write(.value)), ("hashtable", .open), ("listpackex", .open),
    ] {
      tell(&copy, encoding: encoding)
      tell(&copy, time: -1)
      #expect(told(&copy, "*2\r\n$1\r\na\r\n$1\r\n1\r\n") == step, "\(encoding)")
    }
  }

  @Test func whatTheReceiverSaysIsCounted() {
    let copy = copy(.hash, Self.redis70, Self.redis62, byValue: true)
    func ended(_ reply: String) -> SmallCopy.Ending { copy.ended(Array(reply.utf8).span, elements: 2) }
    #expect(ended("*3\r\n:0\r\n:2\r\n:1\r\n") == .copied)
    #expect(ended("*4\r\n:0\r\n:2\r\n:1\r\n:1\r\n") == .copied)
    #expect(ended("*3\r\n:0\r\n:2\r\n:0\r\n") == .present)
    #expect(ended("*3\r\n:0\r\n:1\r\n:1\r\n") == .damaged, "a part of it was lost")
    #expect(ended("*3\r\n:0\r\n-OOM\r\n-ERR no such key\r\n") == .open)
    #expect(ended("*-1\r\n") == .open)
    #expect(ended("-EXECABORT Transaction discarded\r\n") == .open)
    #expect(ended("+OK\r\n") == .copied)
    #expect(ended("$-1\r\n") == .present)
    #expect(ended("-BUSYKEY Target key name already exists.\r\n") == .present)
    #expect(ended("") == .open)
  }

  @Test func whatNoBlockCanMakeIsNotPossible() {
    var plain = Self.redis62
    plain.hasTransactions = false
    #expect(!copy(.hash, Self.redis70, plain, byValue: true).isPossible)
    #expect(copy(.string, Self.redis70, plain).isPossible)
    #expect(!copy(.stream, Self.redis70, Self.redis62, byValue: true).isPossible)
    #expect(!copy(.other("graph"), Self.redis70, Self.redis70).isPossible)
  }
}
