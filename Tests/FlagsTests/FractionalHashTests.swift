import SluiceRouting
import Testing

@testable import SluiceFlags

/// Which generation of flagd's hash a file asks for, and what a change of it does.
@Suite struct FractionalHashTests {
  private func definition(_ hash: String?, percent: Int = 25, targeting: String? = nil) throws
    -> FlagDefinition
  {
    let text = (targeting.map { FlagText(targeting: $0) } ?? FlagText(percent: percent)).text
    guard let hash else { return try FlagDefinition(bytes: Array(text.utf8)) }
    let said = text.replacing(#""flags": {"#, with: #""metadata": {"fractionalHash": \#(hash)}, "flags": {"#)
    return try FlagDefinition(bytes: Array(said.utf8))
  }

  @Test("A file says which; v2 where it says nothing, and anything else refuses it")
  func which() throws {
    #expect(
      try definition(nil).hash == .v2 && definition(#""v2""#).hash == .v2 && definition(#""v3""#).hash == .v3)
    #expect(try definition(nil).cohort.hasSameKeys(as: definition(#""v2""#).cohort))
    for wrong in [#""v4""#, "3", "null", "[]"] {
      let error = #expect(throws: FlagError.self) { try definition(wrong) }
      #expect(error?.path == "$.metadata.fractionalHash" && error?.description.contains("v2") == true)
    }
  }

  @Test(
    "The two disagree about 37.5 % of the keys at 25 %, so a change is an edit that moves keys back and forth"
  )
  func reshuffle() throws {
    let (v2, v3) = (try definition(nil), try definition(#""v3""#))
    let edit = FlagEdit(from: v2, to: v3)
    #expect(edit.movesKeysBackAndForth && abs(edit.joins + edit.leaves - 37.5) < 3, "\(edit.text)")
    #expect(throws: FlagError.self) { try edit.refuseReshuffle() }
    // At nothing, and at everything, nobody moves.
    #expect(
      !FlagEdit(from: try definition(nil, percent: 0), to: try definition(#""v3""#, percent: 0))
        .movesKeysBackAndForth)
    // An order keeps the generation that the file has.
    let change = try FlagChange(editing: v3.source, stage: nil, percentage: Percentage(percent: 50))
    #expect(change.definition.hash == .v3 && !FlagEdit(from: v3, to: change.definition).movesKeysBackAndForth)
  }

  @Test("A salt of up to 32 bytes is hashed in v3, a longer one refuses the file")
  func salt() throws {
    func targeting(_ salt: String) -> String {
      #"{"fractional": [{"cat": ["\#(salt)", {"var": "targetingKey"}]}, ["new", 25], ["legacy", 75]]}"#
    }
    let long = String(repeating: "s", count: 33)
    _ = try definition(#""v3""#, targeting: targeting(String(long.dropLast())))
    _ = try definition(#""v2""#, targeting: targeting(long))
    #expect(throws: FlagError.self) { try definition(#""v3""#, targeting: targeting(long)) }
  }

  @Test("A plan's fields: who goes up, when, and for how long at most")
  func plan() throws {
    func plan(_ fields: String) throws -> Plan? {
      var text = FlagText()
      text.more =
        #", "cache-plan": {"state": "ENABLED", "variants": {"d": {\#(fields)}}, "defaultVariant": "d"}"#
      return try text.definition().plan
    }
    let plain = try #require(try plan(""))
    #expect(plain.advance == .manual && plain.hours == nil && plain.maximumSeconds == 0)
    let auto = try #require(
      try plan(#""advance": "auto", "hours": "mon-fri 09:00-17:00", "maximumSeconds": 3600"#))
    #expect(auto.advance == .auto && auto.hours?.text == "mon-fri 09:00-17:00" && auto.maximumSeconds == 3600)
    for (fields, path) in [
      (#""advance": "automatic""#, "advance"), (#""hours": "always""#, "hours"),
      (#""minimumSeconds": 60, "maximumSeconds": 60"#, "maximumSeconds"),
      (#""maximumSeconds": -1"#, "maximumSeconds"),
    ] {
      let error = #expect(throws: FlagError.self) { try plan(fields) }
      #expect(error?.path == "$.flags.cache-plan.variants.d.\(path)", "\(String(describing: error))")
    }
  }
}
