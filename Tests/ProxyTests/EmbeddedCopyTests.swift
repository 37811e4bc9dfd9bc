import SluiceProxy
import SluiceRouting
import Testing

/// Between two embedded stacks keys are copied, as between two Redis, and not only deleted.
@Suite(.serialized) struct EmbeddedCopyTests {
  private static let far = "4000000000123"

  @Test func anOperatorsOrdersCopy() async throws {
    try await Bench.runMemory(routing: .at(.off)) { bench in
      let client = try bench.client()
      #expect(try client.ask("SET", "k", "v", "PXAT", EmbeddedCopyTests.far) == "+OK\r\n")
      #expect(try client.ask("SET", "n", "12") == "+OK\r\n")
      _ = bench.adopt(.at(.dualwrite, version: 2))
      #expect(eventually { bench.begin(.repair, "k").finish() == [.copied] })
      #expect(eventually { bench.begin(.fill, "n").finish() == [.copied] })
      #expect(bench.begin(.check, "k", "n").finish() == [.equal, .equal])
      _ = bench.adopt(.at(.live, 100, version: 3))
      #expect(try client.ask("GET", "k") == "$1\r\nv\r\n")
      #expect(try client.ask("PEXPIRETIME", "k") == ":\(EmbeddedCopyTests.far)\r\n")
      #expect(try client.ask("INCR", "n") == ":13\r\n")
    }
  }

  @Test func aMissIsFilled() async throws {
    var settings = ProxySettings()
    settings.warmOnMiss = true
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let client = try bench.client()
      #expect(try client.ask("SET", "k", "v", "PXAT", EmbeddedCopyTests.far) == "+OK\r\n")
      _ = bench.adopt(.at(.live, 100, version: 2))
      #expect(try eventually { try client.ask("GET", "k") == "$1\r\nv\r\n" })
      #expect(try client.ask("PEXPIRETIME", "k") == ":\(EmbeddedCopyTests.far)\r\n")
    }
  }

  /// An update cannot be repeated on a stack that lacks the value before it: the key is copied.
  @Test func aCounterIsCopiedToAColdMirror() async throws {
    try await Bench.runMemory(routing: .at(.off)) { bench in
      let client = try bench.client()
      #expect(try client.ask("SET", "n", "41") == "+OK\r\n")
      _ = bench.adopt(.at(.dualwrite, version: 2))
      #expect(try client.ask("INCR", "n") == ":42\r\n")
      #expect(eventually { bench.begin(.check, "n").finish() == [.equal] })
      _ = bench.adopt(.at(.live, 100, version: 3))
      #expect(try client.ask("GET", "n") == "$2\r\n42\r\n")
    }
  }
}
