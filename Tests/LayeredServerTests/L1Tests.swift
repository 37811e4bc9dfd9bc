import Foundation
import SluiceLayeredServer
import SluiceLoadGenerator
import SluiceLocks
import SluiceRedisClient
import SluiceTestSupport
import Testing

/// L1 never answers what a write has made old.
@Suite struct L1Tests {
  @Test("Hits do not reach the endpoint; writes, expiries and clearing end them")
  func hits() async throws {
    try await LayeredStack.with(Layers { $0.l1 = .init(entries: 100) }) { stack in
      let (layered, direct) = try (stack.client(), stack.direct())
      try layered.run(["SET", "k", "1"])
      #expect(try layered.run(["GET", "k"]).text == "1")
      // Behind the layer's back, so that a hit can be told.
      try direct.run(["SET", "k", "2"])
      #expect(try layered.run(["GET", "k"]).text == "1")
      #expect(try layered.run(["MGET", "k", "k"]) == .array([.string([49]), .string([49])]))
      await stack.server.clearL1()
      #expect(try layered.run(["GET", "k"]).text == "2")
      let writes = [
        ["SET", "k", "3"], ["DEL", "k"], ["APPEND", "k", "4"], ["RENAME", "k", "k2"], ["COPY", "k2", "k"],
        ["EXPIRE", "k", "100"], ["SETRANGE", "k", "0", "z"], ["FLUSHALL"], ["MSET", "x", "1", "k", "5"],
        ["NOSUCHCOMMAND", "y"],
      ]
      for write in writes {
        try layered.run(write)
        let truth = try direct.run(["GET", "k"])
        #expect(try layered.run(["GET", "k"]) == truth, "\(write)")
        #expect(try layered.run(["GET", "k"]) == truth, "\(write), from L1")
      }
      let status = await stack.server.status()
      #expect(status.l1Hits > 5 && status.l1Misses > 5 && status.l1Entries > 0)
    }
  }

  @Test("An entry never outlives its key")
  func expiry() async throws {
    try await LayeredStack.with(Layers { $0.l1 = .init(entries: 100, ttl: .seconds(600)) }) { stack in
      let layered = try stack.client()
      try layered.run(["SET", "k", "v", "PX", "1500"])
      #expect(try layered.run(["GET", "k"]).text == "v")
      try eventually("the entry ends") { try layered.run(["GET", "k"]) == .null }
      try layered.run(["SET", "k", "w"])
      #expect(try layered.run(["GET", "k"]).text == "w")
    }
  }

  @Test("Readers and writers on many connections: nobody sees a value older than one acknowledged before")
  func races() async throws {
    try await LayeredStack.with(
      Layers {
        $0.l1 = .init(entries: 4)
        $0.compression = .init(threshold: 64, level: 1)
      }
    ) { stack in
      let endpoint = RedisEndpoint(.unix(path: stack.server.socketPath))
      let keys = 6
      // One writer per key: the last value that it was told of, as all readers may know it.
      let shared = Shared(keys: keys + 1)
      let padding = String(repeating: "p", count: 200)
      // The last key is only read, so that there are hits.
      try stack.client().run(["SET", "k\(keys)", "0 \(padding)"])
      try await withThrowingTaskGroup(of: Int.self) { group in
        for key in 0..<keys {
          group.addTask {
            try await Self.thread {
              let client = try RedisClient(endpoint)
              for value in 1...1500 {
                _ = try client.command("SET", "k\(key)", "\(value) \(padding)")
                shared.acknowledged.withLock { $0[key] = value }
              }
              return 0
            }
          }
        }
        for reader in 0..<4 {
          group.addTask {
            try await Self.thread {
              let client = try RedisClient(endpoint)
              var random = SplitMix64(seed: UInt64(reader))
              var reads = 0
              while !shared.isOver.withLock({ $0 }) {
                let key = Int.random(in: 0...keys, using: &random)
                let least = shared.acknowledged.withLock { $0[key] }
                let reply = try client.command("GET", "k\(key)")
                let value = Int(reply.text?.split(separator: " ").first ?? "0") ?? -1
                guard value >= least else {
                  throw TestFailure("k\(key) answered \(value) although \(least) was acknowledged")
                }
                reads += 1
              }
              return reads
            }
          }
        }
        var reads = 0
        for _ in 0..<keys { reads += try await group.next() ?? 0 }
        shared.isOver.withLock { $0 = true }
        for try await more in group { reads += more }
        #expect(reads > 100)
      }
      let status = await stack.server.status()
      #expect(status.l1Hits > 0 && status.l1Misses > 0)
    }
  }

  private final class Shared: Sendable {
    let acknowledged: Mutex<[Int]>
    let isOver = Mutex(false)

    init(keys: Int) { acknowledged = Mutex([Int](repeating: 0, count: keys)) }
  }

  /// Runs blocking work on a thread of its own: the pool's threads are too few for so many.
  private static func thread(_ work: @escaping @Sendable () throws -> Int) async throws -> Int {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
  }
}
