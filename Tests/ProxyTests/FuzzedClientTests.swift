import Foundation
import SluiceProxy
import SluiceRouting
import Testing

@Suite(.serialized) struct FuzzedClientTests {
  /// Tens of thousands of mutated streams over real sockets; a fresh client is served after each.
  @Test(.timeLimit(.minutes(5))) func mutatedStreamsOverSockets() async throws {
    let environment = ProcessInfo.processInfo.environment
    let seed =
      environment["SLUICE_FUZZ_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: 1...UInt64.max >> 1)
    let streams = environment["SLUICE_FUZZ_SOCKETS"].flatMap { Int($0) } ?? 20_000
    print("fuzz over sockets: \(streams) streams, SLUICE_FUZZ_SEED=\(seed)")
    var settings = ProxySettings()
    settings.threads = 2
    try await Bench.runMemory(settings, routing: .at(.live)) { bench in
      var random = Mutator(seed: seed)
      var fresh = try bench.client()
      for number in 0..<streams {
        let client = try bench.client()
        try client.trySend(random.stream())
        if number % 3 == 0 { client.reset() } else { client.close() }
        if number % 10 == 0 { fresh = try bench.client() }
        guard try fresh.ask("ECHO", "\(number)") == "$\("\(number)".count)\r\n\(number)\r\n" else {
          Issue.record("stream \(number) of seed \(seed) broke another client")
          return
        }
      }
    }
  }
}

/// Streams that are nearly right.
private struct Mutator {
  private var state: UInt64
  private static let corpus = [
    "*2\r\n$3\r\nGET\r\n$2\r\nk1\r\n", "*3\r\n$3\r\nSET\r\n$2\r\nk1\r\n$1\r\nv\r\n",
    "*4\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n",
    "PING\r\n", "FLUSHALL\r\n", "SCAN 0\r\n", "*1\r\n$4\r\nKEYS\r\n", "CLIENT LIST\r\n", "HELLO 2\r\n",
    "SUNIONSTORE a b c\r\n",
    "MSET a 1 b 2 c 3\r\n", "DBSIZE\r\n", "EVAL x 0\r\n", "RANDOMKEY\r\n", "XREAD STREAMS a 0\r\n",
    "QUIT\r\n", "\r\n",
  ].map { Array($0.utf8) }

  init(seed: UInt64) { state = seed }

  private mutating func below(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % max(1, bound)
  }

  mutating func stream() -> [UInt8] {
    var bytes = (0...below(4)).flatMap { _ in Mutator.corpus[below(Mutator.corpus.count)] }
    for _ in 0..<below(5) where !bytes.isEmpty {
      let place = below(bytes.count)
      switch below(4) {
      case 0: bytes.remove(at: place)
      case 1: bytes.insert(UInt8(below(256)), at: place)
      case 2: bytes.removeSubrange(place...)
      default: bytes[place] = UInt8(below(256))
      }
    }
    return bytes
  }
}
