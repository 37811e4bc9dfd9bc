import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

/// Two servers that give digests of their values, with a proxy in front of them.
final class UpkeepStacks {
  let legacy: RedisServer
  let new: RedisServer
  let sluice: SluiceProcess

  /// - Parameter planted: keys that legacy has before the proxy comes, so that new is known to be cold.
  init(_ options: SluiceProcess.Options, planted: Int = 0) throws {
    legacy = try RedisServer(extra: ["--enable-debug-command", "yes"])
    new = try RedisServer(extra: ["--enable-debug-command", "yes"])
    try Self.plant(planted, in: legacy)
    sluice = try SluiceProcess(legacy: legacy.url, new: new.url, options)
  }

  convenience init(stage: String, percent: Int = 0, threads: Int = 1, planted: Int = 0) throws {
    // A cold stack diverges wherever it is read; that is not what is tested here.
    var options = SluiceProcess.Options(stage: stage, percent: percent, threads: threads)
    options.flags = FlagText.make(stage: stage, percent: percent, compare: 0)
    try self.init(options, planted: planted)
  }

  /// Keys of all types: `k0`, `k1`, …
  static func plant(_ count: Int, in server: RedisServer) throws {
    let client = try server.client()
    for number in 0..<count {
      let key = "k\(number)"
      switch number % 6 {
      case 0: try client.append("SET", key, "\(number)")
      case 1: try client.append("SET", key, "\(number)", "EX", "10000")
      case 2: try client.append("HSET", key, "f", "1", "g", "2")
      case 3: try client.append("RPUSH", key, "a", "b", "c")
      case 4: try client.append("SADD", key, "x", "y", "z")
      default: try client.append("ZADD", key, "1", "m", "2", "n")
      }
    }
    for _ in 0..<count { _ = try client.reply() }
  }

  func legacySize() throws -> Int { try size(legacy) }
  func newSize() throws -> Int { try size(new) }

  private func size(_ server: RedisServer) throws -> Int {
    guard case .integer(let count) = try server.client().command("DBSIZE") else { return -1 }
    return Int(count)
  }

  /// When the last effects and repairs are through, every key has one digest and one time on both servers.
  func expectEqualDigests() throws {
    try eventually(within: .seconds(30), "no suspects are left and nothing is under way") {
      let status = try sluice.status()
      return ["legacy", "new"].allSatisfy {
        status.number("stacks.\($0).suspects") == 0 && status.number("stacks.\($0).in_flight") == 0
      }
    }
    let (left, right) = (try legacy.client(), try new.client())
    let keys = try allKeys(left).union(try allKeys(right)).sorted { $0.lexicographicallyPrecedes($1) }
    #expect(!keys.isEmpty)
    for key in keys {
      try left.append([Array("PEXPIRETIME".utf8), key])
      try right.append([Array("PEXPIRETIME".utf8), key])
    }
    for key in keys {
      guard case .integer(let one) = try left.reply(), case .integer(let other) = try right.reply() else {
        throw TestFailure("PEXPIRETIME is answered with no number")
      }
      // A relative time is mirrored as an absolute one, by the proxy's clock.
      let name = String(decoding: key, as: UTF8.self)
      #expect((one < 0) == (other < 0) && abs(one - other) <= 1000, "the time of \(name): \(one), \(other)")
    }
    // Last: a digest also sees what has expired and was not removed yet, which the others remove.
    let command = [Array("DEBUG".utf8), Array("DIGEST-VALUE".utf8)] + keys
    #expect(try left.command(command) == right.command(command))
  }

  private func allKeys(_ client: RedisClient) throws -> Set<[UInt8]> {
    guard case .array(let keys) = try client.command("KEYS", "*") else { return [] }
    return Set(keys.compactMap(\.bytes))
  }
}

extension SluiceProcess {
  /// Runs a subcommand against this proxy to its end.
  func run(_ words: String...) throws -> (exit: Child.Exit, output: String, errors: String) {
    try run(words)
  }

  /// Runs a subcommand against this proxy to its end.
  func run(_ words: [String]) throws -> (exit: Child.Exit, output: String, errors: String) {
    try Child.run(
      Self.executable(), words, environment: ["SLUICE_CONTROL": "127.0.0.1:\(controlPort)"],
      within: .seconds(120))
  }

  /// Starts one and comes back at once.
  func start(_ words: String..., in folder: ScratchFolder) throws -> Child {
    try Child(
      Self.executable(), words, environment: ["SLUICE_CONTROL": "127.0.0.1:\(controlPort)"], in: folder,
      name: "subcommand")
  }
}

/// A client that sets, updates and deletes the keys `k0`, `k1`, … at random, until it is stopped.
final class BackgroundWriter: @unchecked Sendable {
  private let condition = NSCondition()
  private var isStopping = false
  private var outcome: Result<Int, any Error>?

  init(_ sluice: SluiceProcess, seed: UInt64, keys: Int) {
    let endpoint = sluice.endpoint
    let thread = Thread { [self] in
      var count = 0
      var random = SplitMix64(seed: seed)
      let outcome = Result {
        let client = try RedisClient(endpoint)
        while !condition.withLock({ isStopping }) {
          for _ in 0..<20 { try client.append(Self.command(keys, &random).map { Array($0.utf8) }) }
          for _ in 0..<20 { _ = try client.reply() }
          count += 20
        }
        return count
      }
      condition.withLock {
        self.outcome = outcome
        condition.broadcast()
      }
    }
    thread.start()
  }

  /// Ends it and returns how many commands were answered.
  func stop() throws -> Int {
    try condition.withLock {
      isStopping = true
      let deadline = Date(timeIntervalSinceNow: 30)
      while outcome == nil {
        guard condition.wait(until: deadline) else { throw TestFailure("a writer does not end") }
      }
      return try outcome?.get() ?? 0
    }
  }

  /// Of the key's own type mostly; what is of another type is refused by both servers alike.
  private static func command(_ keys: Int, _ random: inout SplitMix64) -> [String] {
    let number = Int(random.next() % UInt64(keys))
    let key = "k\(number)"
    let value = "\(random.next() % 1000)"
    switch random.next() % 10 {
    case 0: return ["DEL", key]
    case 1: return ["SET", key, value]
    case 2: return ["SET", key, value, "EX", "5000"]
    case 3: return ["EXPIRE", key, "7000"]
    case 4: return ["PERSIST", key]
    default:
      switch number % 6 {
      case 0, 1: return random.next() % 2 == 0 ? ["INCRBY", key, value] : ["APPEND", key, "1"]
      case 2: return random.next() % 4 == 0 ? ["HDEL", key, "f"] : ["HSET", key, "h\(value)", value]
      case 3: return random.next() % 3 == 0 ? ["LPOP", key] : ["RPUSH", key, value]
      case 4: return random.next() % 3 == 0 ? ["SPOP", key] : ["SADD", key, value]
      default: return random.next() % 4 == 0 ? ["ZPOPMIN", key] : ["ZADD", key, value, "m\(value)"]
      }
    }
  }
}
