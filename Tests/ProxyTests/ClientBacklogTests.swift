import Foundation
import SluiceProxy
import SluiceRouting
import Testing

/// Clients that send before they read, and what all of them together may hold.
@Suite(.serialized) struct ClientBacklogTests {
  /// As redis-py and others do with a pipeline; with a Redis it works.
  @Test(arguments: [1, 2]) func aWholePipelineIsSentBeforeItIsRead(threads: Int) async throws {
    var settings = ProxySettings()
    settings.threads = threads
    settings.clientStall = 3_000_000_000
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let writer = try bench.client()
      #expect(try writer.ask("SET", "k", String(repeating: "x", count: 1000)) == "+OK\r\n")
      let client = try bench.client(receiveBuffer: 1 << 16)
      let count = 20_000
      try client.send(String(repeating: "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", count: count))
      for _ in 0..<count { #expect(try client.reply().utf8.count == 1009) }
      #expect(try client.ask("PING") == "+PONG\r\n")
    }
  }

  /// Above half of what may wait for it a client is not read; it is as soon as it reads.
  @Test func aboveTheBoundAClientIsNotReadUntilItReads() async throws {
    var settings = ProxySettings()
    settings.clientOutputBytes = 16 << 20
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let writer = try bench.client()
      #expect(try writer.ask("SET", "k", String(repeating: "x", count: 2000)) == "+OK\r\n")
      let client = try bench.client(receiveBuffer: 1 << 14)
      let count = 20_000
      let sender = Thread {
        try? client.send(String(repeating: "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", count: count))
      }
      sender.start()
      #expect(eventually { (bench.health().first?.clientBytes ?? 0) > 8 << 20 })
      bench.settle()
      #expect((bench.health().first?.clientBytes ?? 0) < 16 << 20)
      for _ in 0..<count { #expect(try client.reply().utf8.count == 2009) }
      #expect(bench.health().first?.clientsCutOff == 0)
      #expect(eventually { bench.health().first?.clientBytes == 0 })
    }
  }

  @Test func whoReadsSlowlyIsNotTakenForOneWhoDoesNotRead() async throws {
    var settings = ProxySettings()
    settings.clientStall = 1_500_000_000
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let writer = try bench.client()
      #expect(try writer.ask("SET", "k", String(repeating: "x", count: 100_000)) == "+OK\r\n")
      let client = try bench.client(receiveBuffer: 1 << 14)
      let end = Date(timeIntervalSinceNow: 4)
      // More is asked for than read, so that what waits only grows.
      while Date() < end {
        try client.send(command: "GET", "k")
        _ = try client.readSome(20_000)
        poll(nil, 0, 20)
      }
      #expect(bench.health().first?.clientsCutOff == 0)
    }
  }

  @Test(arguments: [1, 2]) func theGreediestOfThoseWhoReadNothingIsClosed(threads: Int) async throws {
    var settings = ProxySettings()
    settings.threads = threads
    settings.clientMemory = 16 << 20
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let polite = try bench.client()
      #expect(try polite.ask("SET", "k", String(repeating: "x", count: 1 << 20)) == "+OK\r\n")
      let small = try bench.client(receiveBuffer: 1 << 14)
      for _ in 0..<3 { try small.send(command: "GET", "k") }
      // Where memory is short nobody may let more than a little wait; there are too many of them all the same.
      let greedy = try (0..<24).map { _ in try bench.client(receiveBuffer: 1 << 14) }
      for _ in 0..<10 {
        for client in greedy { _ = try? client.send(command: "GET", "k") }
        #expect(try polite.ask("GET", "k").utf8.count > 1 << 20)
      }
      #expect(eventually { bench.health().reduce(0) { $0 + $1.clientsCutOffForMemory } >= 1 })
      #expect(eventually { bench.health().reduce(0) { $0 + $1.clientBytes } <= 16 << 20 })
      // The others still get what they have asked for.
      for _ in 0..<3 { #expect(try small.reply().utf8.count > 1 << 20) }
      #expect(try polite.ask("PING") == "+PONG\r\n")
      #expect(
        bench.events.contains {
          if case .memoryIsShort(_, let held, 16_777_216) = $0 { held > 0 } else { false }
        })
      for client in greedy { client.close() }
      polite.close()
      small.close()
      #expect(eventually { bench.health().allSatisfy { $0.clientBytes == 0 } })
    }
  }

  /// Commands that are begun and not ended count too.
  @Test func unfinishedCommandsCount() async throws {
    var settings = ProxySettings()
    settings.clientMemory = 16 << 20
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let clients = try (0..<3).map { _ in try bench.client() }
      for client in clients {
        try? client.send(
          Array("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000000\r\n".utf8) + Array(repeating: 0x78, count: 6 << 20))
      }
      #expect(eventually { (bench.health().first?.clientsCutOffForMemory ?? 0) == 1 })
      #expect(try bench.client().ask("PING") == "+PONG\r\n")
    }
  }

  /// So do those that wait for their EXEC.
  @Test func queuedCommandsCount() async throws {
    var settings = ProxySettings()
    settings.clientMemory = 16 << 20
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let clients = try (0..<3).map { _ in try bench.client() }
      for client in clients {
        #expect(try client.ask("MULTI") == "+OK\r\n")
        try? client.send(
          Array("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$\(6 << 20)\r\n".utf8)
            + Array(repeating: 0x78, count: 6 << 20) + Array("\r\n".utf8))
      }
      #expect(eventually { (bench.health().first?.clientsCutOffForMemory ?? 0) == 1 })
      #expect(try bench.client().ask("PING") == "+PONG\r\n")
    }
  }
}
