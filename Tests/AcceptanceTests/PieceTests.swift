import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Synchronization
import Testing

extension Acceptance {
  /// Values that are carried in pieces while clients write them, with flips: what is there afterwards is what was written.
  @Suite(.serialized) struct PieceTests {
    private static let pairs = [
      ServerPair(legacy: .redis70, new: .redis82), ServerPair(legacy: .redis82, new: .valkey91),
    ]

    @Test("values that are written while they go over in pieces", arguments: pairs)
    func writesMeanwhile(pair: ServerPair) throws {
      // So that a few thousand elements are too many for one piece.
      let bed = try PairBed(pair, yaml: "copy:\n  slice: 1ms\n")
      let legacy = try bed.legacy.client()
      let keys = ["set", "zset", "hash", "list", "stream"].flatMap { type in (0..<4).map { "\(type):\($0)" } }
      for key in keys { try Self.plant(key, legacy) }
      try bed.sluice.control("STAGE", "dualwrite", "FORCE", "of this test")
      let writers = try (0..<3).map { try Writer(bed.sluice.client(), keys, seed: UInt64($0)) }
      for writer in writers { writer.start() }
      for round in 0..<2 {
        // Some are written too often to be carried now.
        _ = try bed.sluice.run("warm")
        try bed.sluice.control("STAGE", "live", round == 1 ? "50" : "100", "FORCE", "of this test")
        try bed.sluice.control(["REPAIR"] + keys)
        try bed.sluice.control("STAGE", "dualwrite", "FORCE", "of this test")
        try bed.sluice.control(["REPAIR"] + keys)
      }
      var trouble: [String] = []
      for writer in writers { trouble += writer.finish() }
      #expect(trouble.isEmpty, "\(trouble.prefix(3))")
      try bed.settle()
      // What was copied while it was written to: a key may be missing that was too hot, and none may be wrong.
      try bed.expectEqualWhereBothHave()
      // What was too hot is carried now.
      try bed.sluice.control(["REPAIR"] + keys)
      try bed.settle()
      try bed.expectEqual(atLeast: 15)
      let status = try bed.sluice.status()
      #expect((status.number("copies.pieces") ?? 0) > 20, "\(status)")
    }

    @Test(
      "sets, hashes, sorted sets and streams go over while they are written all the time", arguments: pairs)
    func writtenAllTheTime(pair: ServerPair) throws {
      let bed = try PairBed(pair, yaml: "copy:\n  slice: 1ms\n")
      let legacy = try bed.legacy.client()
      let keys = ["set:0", "zset:0", "hash:0", "stream:0"]
      for key in keys { try Self.plant(key, legacy) }
      try bed.sluice.control("STAGE", "dualwrite", "FORCE", "of this test")
      let writer = try Writer(bed.sluice.client(), keys, seed: 1, onlyAdds: true)
      writer.start()
      _ = try bed.sluice.run("warm")
      let new = try bed.new.client()
      try eventually(within: .seconds(10), "they are there") {
        try keys.allSatisfy { try new.command("EXISTS", $0) == .integer(1) }
      }
      let status = try bed.sluice.status()
      #expect(writer.finish() == [])
      #expect(status.number("stacks.new.uncarried") == 0, "\(status)")
      try bed.settle()
      try bed.expectEqual(atLeast: 4)
    }

    @Test("a list that was written too often to be copied comes along when a flip holds its writes")
    func tooHotAtAFlip() throws {
      // So long that no copy of it gets through between two writes, however busy the machine is.
      let bed = try PairBed(Self.pairs[0], yaml: "copy:\n  slice: 1ms\n  hold: 10s\n")
      let legacy = try bed.legacy.client()
      for _ in 0..<25 { try Self.plant("list:0", legacy) }
      try bed.sluice.control("STAGE", "dualwrite", "FORCE", "of this test")
      let writer = try Writer(bed.sluice.client(), ["list:0"], seed: 1, onlyAdds: true)
      writer.start()
      try eventually(within: .seconds(60), "it is named") {
        try bed.sluice.status().number("stacks.new.uncarried") == 1
      }
      try bed.sluice.control("STAGE", "live", "100", "FORCE", "of this test")
      try eventually(within: .seconds(60), "it is carried") {
        try bed.sluice.status().number("stacks.new.uncarried") == 0
      }
      #expect(writer.finish() == [])
      try bed.settle()
      guard case .integer(let length) = try bed.new.client().command("LLEN", "list:0") else {
        return #expect(Bool(false), "it is a list")
      }
      #expect(length > 100_000, "\(length)")
      try bed.expectEqual(atLeast: 1)
    }

    private static func plant(_ key: String, _ client: RedisClient) throws {
      let count = 4000
      let words: [String] =
        switch key.prefix(3) {
        case "set": ["SADD", key] + (0..<count).map { "m\($0)" }
        case "zse": ["ZADD", key] + (0..<count).flatMap { ["\($0).5", "m\($0)"] }
        case "has": ["HSET", key] + (0..<count).flatMap { ["f\($0)", "v\($0)"] }
        case "lis": ["RPUSH", key] + (0..<count).map { "e\($0)" }
        default: []
        }
      if !words.isEmpty { _ = try client.command(words.map { Array($0.utf8) }) }
      guard words.isEmpty else { return }
      for number in 1...count { try client.append("XADD", key, "\(number)-1", "f", "\(number)") }
      for _ in 1...count { _ = try client.reply() }
      _ = try client.command("XGROUP", "CREATE", key, "g", "0")
    }

    /// A client that changes elements of the keys, until it is told to finish.
    private final class Writer: @unchecked Sendable {
      private let client: RedisClient
      private let keys: [String]
      private var generator: SplitMix64
      private let onlyAdds: Bool
      private let isStopping = Atomic(false)
      private let ended = DispatchSemaphore(value: 0)
      /// Belongs to the thread until that has ended.
      private var trouble: [String] = []

      /// - Parameter onlyAdds: whether each write adds an element.
      init(_ client: RedisClient, _ keys: [String], seed: UInt64, onlyAdds: Bool = false) {
        (self.client, self.keys, self.onlyAdds) = (client, keys, onlyAdds)
        generator = SplitMix64(seed: seed)
      }

      func start() {
        let thread = Thread { [self] in
          while !isStopping.load(ordering: .relaxed) {
            do {
              if case .error(let text) = try client.command(words().map { Array($0.utf8) }),
                // A key that is on its way for too long is missing for a while, and with it what it has of groups.
                !["NOGROUP", "ERR no such key"].contains(where: text.hasPrefix)
              {
                trouble.append(text)
              }
            } catch {
              trouble.append("\(error)")
              break
            }
            usleep(300)
          }
          ended.signal()
        }
        thread.start()
      }

      func finish() -> [String] {
        isStopping.store(true, ordering: .relaxed)
        ended.wait()
        return trouble
      }

      private func words() -> [String] {
        let key = keys[Int.random(in: 0..<keys.count, using: &generator)]
        let number = Int.random(in: 0..<(onlyAdds ? 500_000 : 5000), using: &generator)
        let kind = onlyAdds ? 0 : Int.random(in: 0..<6, using: &generator)
        switch key.prefix(3) {
        case "set":
          return [["SADD", key, "m\(number)"], ["SREM", key, "m\(number)"], ["SPOP", key]][kind % 3]
        case "zse":
          return [
            ["ZADD", key, "\(number)", "m\(number)"], ["ZREM", key, "m\(number)"],
            ["ZINCRBY", key, "0.1", "m\(number)"], ["ZPOPMIN", key],
          ][kind % 4]
        case "has":
          return [
            ["HSET", key, "f\(number)", "w\(kind)"], ["HDEL", key, "f\(number)"], ["HINCRBY", key, "n", "1"],
            ["HSETNX", key, "g\(number)", "1"], ["HINCRBYFLOAT", key, "x", "0.1"],
          ][kind % 5]
        case "lis":
          // Seldom: a list begins anew with each.
          guard onlyAdds || number < 50 else { return ["LLEN", key] }
          return [["RPUSH", key, "e"], ["LPOP", key], ["LSET", key, "3", "s"]][kind % 3]
        default:
          return [
            ["XADD", key, "*", "f", "\(number)"], ["XDEL", key, "\(number)-1"],
            ["XREADGROUP", "GROUP", "g", "c\(kind)", "COUNT", "1", "STREAMS", key, ">"],
            ["XACK", key, "g", "\(number)-1"],
          ][kind % 4]
        }
      }
    }
  }
}
