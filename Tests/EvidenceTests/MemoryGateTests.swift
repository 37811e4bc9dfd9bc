import SluiceEvidence
import SluiceFlags
import SluiceLoadGenerator
import SluiceServers
import Testing

/// Whether new has room for a step up, before it is taken.
@Suite struct MemoryGateTests {
  private func gate(_ from: Int, _ to: Int, _ outlook: MemoryOutlook?) throws -> Gate? {
    var around = Surroundings()
    around.memory = outlook
    func flags(_ percent: Int) throws -> FlagDefinition {
      try FlagDefinition(
        bytes: Array(FlagText.make(stage: percent == 0 ? "shadow" : "live", percent: percent).utf8))
    }
    return Evidence().gates(from: try flags(from), to: try flags(to), around).first { $0.name == "memory" }
  }

  private func outlook(
    legacy: Int, limit: Int = 0, new: Int, of maximum: Int, evicted: (Int, Int) = (0, 0)
  ) -> MemoryOutlook {
    MemoryOutlook(
      legacy: MemoryReading(used: legacy << 20, maximum: limit << 20),
      new: MemoryReading(used: new << 20, maximum: maximum << 20), legacyEvicted: evicted.0,
      newEvicted: evicted.1)
  }

  @Test func whatNobodyTellsOrLimitsIsNoGate() throws {
    #expect(try gate(25, 50, nil) == nil)
    #expect(try gate(25, 50, outlook(legacy: 900, new: 100, of: 0)) == nil)
  }

  /// New is on its way to what legacy holds.
  @Test(arguments: [
    (0, 25, 150, true), (0, 50, 200, true), (0, 75, 250, false), (25, 50, 167, true), (50, 100, 300, false),
  ])
  func aStepIsRefusedIfItLeadsAboveTheLimit(from: Int, to: Int, expected: Int, isMet: Bool) throws {
    let gate = try #require(try gate(from, to, outlook(legacy: 300, new: 100, of: 200)))
    #expect(gate.isMet == isMet, "\(gate)")
    #expect(gate.now.hasPrefix("new uses 100 MiB, \(expected)"), "\(gate.now)")
    #expect(gate.needed == "at most 200 MiB (maxmemory)" && gate.isAgainst == !isMet)
  }

  @Test func legacyDoesNotGoAboveItsOwnLimit() throws {
    let same = outlook(legacy: 205, limit: 200, new: 150, of: 200, evicted: (100, 40))
    #expect(try gate(50, 100, same)?.isMet == true, "a cache that evicts as legacy does")
  }

  @Test func evictionsThatLegacyDoesNotHaveRefuseAStep() throws {
    let gate = try #require(try gate(25, 50, outlook(legacy: 100, new: 100, of: 200, evicted: (0, 3))))
    #expect(
      !gate.isMet && gate.now.hasSuffix("3 keys evicted") && gate.needed.hasSuffix("0 evicted"), "\(gate)")
  }
}
