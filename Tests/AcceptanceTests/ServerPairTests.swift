import Foundation
import SluiceLoadGenerator
import SluiceRedisClient
import SluiceTestSupport
import Testing

/// Two servers that may differ.
struct ServerPair: CustomTestStringConvertible, Sendable {
  let legacy: ServerBinary
  let new: ServerBinary

  var testDescription: String { "\(legacy.rawValue) to \(new.rawValue)" }

  /// Those of `make test`; with `SLUICE_MATRIX` all sixteen (`make matrix`).
  static let all: [ServerPair] = {
    guard ProcessInfo.processInfo.environment["SLUICE_MATRIX"] == nil else {
      return ServerBinary.allCases.flatMap { legacy in
        ServerBinary.allCases.map { ServerPair(legacy: legacy, new: $0) }
      }
    }
    return [
      ServerPair(legacy: .redis62, new: .valkey91), ServerPair(legacy: .redis70, new: .redis82),
      ServerPair(legacy: .redis82, new: .valkey91), ServerPair(legacy: .valkey91, new: .redis82),
    ]
  }()
}

extension Acceptance {
  /// From any server to any server, and back: every value arrives, whatever the two understand of each other's dumps.
  @Suite(.serialized) struct ServerPairTests {
    @Test(
      "a whole migration, its pauses, its rollbacks and the way back from complete", arguments: ServerPair.all
    )
    func migration(pair: ServerPair) throws {
      let bed = try PairBed(pair)
      try bed.plant()
      try bed.sluice.control("STAGE", "dualwrite", "FORCE", "of this test")
      let warm = try bed.sluice.run("warm")
      #expect(warm.exit == .code(0), "\(warm.output) \(warm.errors)")
      let verify = try bed.sluice.run("verify")
      #expect(verify.exit == .code(0), "\(verify.output) \(verify.errors)")
      try bed.expectEqual()

      // Legacy is the primary, and new stands still.
      var written = try bed.write("dualwrite", while: bed.new)
      try bed.settle()
      try bed.sluice.control("STAGE", "live", "100", "FORCE", "of this test")
      try bed.expect(written)

      // New is the primary, and legacy stands still.
      written.merge(try bed.write("live", while: bed.legacy)) { _, new in new }
      try bed.settle()
      try bed.sluice.control("ROLLBACK", "drill")
      try bed.expect(written)
      try bed.settle()
      try bed.expectEqual()

      // The documented way back from complete.
      try bed.sluice.control("REARM")
      try bed.sluice.control("STAGE", "complete", "FORCE", "of this test")
      let client = try bed.sluice.client()
      for number in 0..<20 {
        _ = try client.command("RPUSH", "complete:\(number)", "a", "b")
        written["complete:\(number)"] = .list(["a", "b"])
      }
      try bed.sluice.control("STAGE", "rampdown", "FORCE", "of this test")
      let repair = try bed.sluice.run("verify", "--repair")
      #expect(repair.exit == .code(0), "\(repair.output) \(repair.errors)")
      try bed.sluice.control("ROLLBACK", "back")
      try bed.expect(written)
      try bed.expectEqual()
    }

    @Test(
      "a walk that has met what no way can carry has brought all else, and updates are repeated from then on")
    func warmWithoutWhatCannotBeCarried() throws {
      let bed = try PairBed(ServerPair(legacy: .redis82, new: .redis70))
      let legacy = try bed.legacy.client()
      _ = try legacy.command("HSET", "h", "f", "1", "g", "2")
      _ = try legacy.command("HPEXPIRE", "h", "1000000", "FIELDS", "1", "f")
      for number in 0..<50 { _ = try legacy.command("SET", "s\(number)", "v") }
      try bed.sluice.control("STAGE", "dualwrite", "FORCE", "of this test")
      let warm = try bed.sluice.run("warm")
      #expect(warm.exit == .code(65) && warm.errors.contains("1 key cannot be carried"), "\(warm.errors)")
      func copies() throws -> Int {
        let status = try bed.sluice.status()
        return ["dump", "restamped", "value", "pieces"].reduce(0) {
          $0 + Int(status.number("copies.\($1)") ?? 0)
        }
      }
      let before = try copies()
      let client = try bed.sluice.client()
      for number in 0..<20 { _ = try client.command("INCR", "fresh\(number)") }
      // The one that is missing there is not made of a part of it.
      _ = try client.command("HSET", "h", "x", "3")
      let new = try bed.new.client()
      try eventually("they are repeated") { try new.command("GET", "fresh19").text == "1" }
      #expect(try copies() == before)
      #expect(try new.command("EXISTS", "h") == .integer(0))
      #expect(try bed.sluice.status().number("stacks.new.uncarried") == 1)
    }

    @Test("what new does not have is said at the step from which on it matters")
    func whatNewLacks() throws {
      let bed = try PairBed(ServerPair(legacy: .redis82, new: .valkey91))
      try bed.sluice.control("STAGE", "shadow", "FORCE", "of this test")
      let client = try bed.sluice.client()
      _ = try client.command("VADD", "v", "VALUES", "2", "1", "1", "e")
      for _ in 0..<2 { _ = try client.command("VCARD", "v") }
      try eventually("the key is named") { try bed.sluice.status().number("stacks.new.uncarried") == 1 }
      let refused = try bed.sluice.run("stage", "live", "50")
      // A key that no way can carry waits for no repair.
      #expect(
        refused.exit == .code(65) && refused.errors.contains("uncarried")
          && !refused.errors.contains("suspects"), "\(refused.errors)")
      let taken = try bed.sluice.run("stage", "live", "50", "--force", "they are not needed")
      #expect(
        taken.output.contains("NOTE: new does not have VCARD (asked for 2 times), VADD (asked for 1 time)"),
        "\(taken.output)")
    }

    @Test("what legacy cannot have is named, stays on new, and is no pass")
    func whatCannotBeCarried() throws {
      let bed = try PairBed(ServerPair(legacy: .redis70, new: .redis82))
      try bed.sluice.control("STAGE", "dualwrite", "FORCE", "of this test")
      try bed.sluice.control("STAGE", "live", "100", "FORCE", "of this test")
      let client = try bed.sluice.client()
      let past = try bed.new.client()
      _ = try client.command("HSET", "h", "f", "1", "g", "2")
      try bed.settle()
      _ = try past.command("HPEXPIRE", "h", "1000000", "FIELDS", "1", "f")
      // A copy of it is due.
      try bed.sluice.control("REPAIR", "h")
      let status = try bed.sluice.status()
      #expect(status.number("stacks.legacy.uncarried") == 1, "\(status)")
      #expect(status.text("compare.verdict") != "pass")
      let said = try bed.sluice.control("ROLLBACK", "drill").text ?? ""
      #expect(said.contains("1 key of new cannot be carried to legacy"), "\(said)")
      #expect(try client.command("HGETALL", "h") == .array([]))
      #expect(try past.command("HLEN", "h") == .integer(2), "new keeps it")
      // Without the time it can be carried again, and what is written anew is right on both.
      _ = try client.command("SET", "h", "anew")
      try eventually("both have it") { try past.command("GET", "h").text == "anew" }
      try eventually("nothing is missing") { try bed.sluice.status().number("stacks.legacy.uncarried") == 0 }
    }
  }
}
