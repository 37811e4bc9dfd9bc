import SluiceRedisClient
import SluiceTestSupport
import Testing

extension Acceptance {
  /// Where a small value takes the place of a huge one, or nothing does, the server frees the old one in the background, and nobody waits for it.
  @Suite struct LargeOldValueTests {
    @Test(
      "a huge value that goes holds its server for no longer than any command",
      arguments: [ServerBinary.redis62, .redis82])
    func nobodyWaits(kind: ServerBinary) throws {
      let bed = try PairBed(ServerPair(legacy: kind, new: kind))
      let (client, legacy, new) = (try bed.sluice.client(), try bed.legacy.client(), try bed.new.client())
      let keys = ["doubtful", "believed", "set:believed", "over", "gone"]
      for key in keys {
        let fill = "for i = 1, 400000 do redis.call('sadd', KEYS[1], 'm' .. i) end"
        #expect(try new.command("EVAL", fill, "1", key) == .null)
      }
      for key in keys where key != "gone" { _ = try legacy.command("SET", key, "1") }
      _ = try legacy.command("SET", "gone", "1")
      try bed.sluice.control("STAGE", "dualwrite", "FORCE", "of this test")
      // Forty milliseconds; it took a hundred.
      #expect(try new.command("CONFIG", "SET", "slowlog-log-slower-than", "40000") == .status("OK"))
      #expect(try new.command("SLOWLOG", "RESET") == .status("OK"))
      // The mirror refuses it: a suspect, which is repaired.
      #expect(try client.command("INCR", "doubtful") == .integer(2))
      try bed.sluice.control("REPAIR", "believed", "set:believed")
      #expect(try client.command("EXPIRE", "over", "0") == .integer(1))
      #expect(try client.command("GETDEL", "gone").text == "1")
      try eventually("small, and equal") {
        try new.command("GET", "doubtful").text == "2" && new.command("GET", "believed").text == "1"
          && new.command("EXISTS", "over", "gone") == .integer(0)
      }
      try bed.settle()
      guard case .array(let slow) = try new.command("SLOWLOG", "GET", "20") else {
        throw TestFailure("no slow log")
      }
      #expect(slow.isEmpty, "\(slow)")
      try bed.expectEqual(atLeast: 3)
    }
  }
}
