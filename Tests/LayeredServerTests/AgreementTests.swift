import SluiceLayeredServer
import SluiceRedisClient
import SluiceTestSupport
import Testing

/// A layered stack answers like a plain Redis, whatever the layers do behind its back.
@Suite struct AgreementTests {
  @Test(
    "Every layer on: random commands are answered as by a plain server",
    arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func everything(seed: UInt64) async throws {
    let plain = try RedisServer()
    try await LayeredStack.with(Layers { $0.turnEverythingOn() }) { stack in
      // Somebody else's keys must neither be seen nor be touched.
      let direct = try stack.direct()
      try direct.run(["SET", "other", "1"])
      try walk(seed: seed, 6000, stack.client(), plain.client())
      #expect(try direct.run(["GET", "other"]) == .string(Array("1".utf8)))
      let status = await stack.server.status()
      #expect(status.l1Hits > 0 && status.compressed > 0 && status.decompressed > 0)
      #expect(status.expanded > 0 || seed % 2 == 1)
      #expect(status.corrupt == 0)
    }
  }

  @Test("Each layer alone", arguments: 0..<4)
  func alone(layer: Int) async throws {
    let plain = try RedisServer()
    func change(_ settings: inout LayeredSettings) {
      var all = LayeredSettings(address: settings.address, label: "")
      all.turnEverythingOn()
      switch layer {
      case 0: settings.l1 = all.l1
      case 1: settings.compression = all.compression
      case 2: settings.defaultTTL = all.defaultTTL
      default: settings.keyPrefix = all.keyPrefix
      }
    }
    try await LayeredStack.with(Layers(change: change)) { stack in
      try walk(seed: UInt64(100 + layer), 4000, stack.client(), plain.client())
    }
  }

  /// Runs the same commands on both, some of them in pipelines, and compares each reply.
  private func walk(seed: UInt64, _ count: Int, _ layered: RedisClient, _ plain: RedisClient) throws {
    var walk = RandomWalk(seed: seed, hasMarkers: seed % 2 == 1)
    var history: [String] = []
    var done = 0
    while done < count {
      let commands = (0...walk.below(6)).map { _ in walk.next() }
      for command in commands {
        try layered.append(command)
        try plain.append(command)
      }
      for command in commands {
        let (left, right) = (try layered.reply(), try plain.reply())
        history.append(Self.text(command))
        guard Self.sorted(left, command) == Self.sorted(right, command) else {
          throw TestFailure(
            "seed \(seed), step \(done): layered \(Self.text(left)), plain \(Self.text(right)) after\n"
              + history.suffix(25).joined(separator: "\n"))
        }
        done += 1
      }
    }
  }

  /// The order of a hash is the server's own affair.
  private static func sorted(_ reply: Reply, _ command: [[UInt8]]) -> [String] {
    guard case .array(let items) = reply, command[0] == Array("HGETALL".utf8) else { return ["\(reply)"] }
    return items.map { "\($0)" }.sorted()
  }

  private static func text(_ command: [[UInt8]]) -> String {
    command.map { $0.count > 40 ? "\($0.prefix(8))…(\($0.count))" : String(decoding: $0, as: UTF8.self) }
      .joined(separator: " ")
  }

  private static func text(_ reply: Reply) -> String { String("\(reply)".prefix(300)) }
}
