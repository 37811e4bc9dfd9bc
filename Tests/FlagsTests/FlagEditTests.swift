import Testing

@testable import SluiceFlags

@Suite struct FlagEditTests {
  private func edit(_ old: FlagText?, _ new: FlagText) throws -> FlagEdit {
    FlagEdit(from: try old?.definition(), to: try new.definition())
  }

  @Test func growing() throws {
    let edit = try edit(FlagText(percent: 25), FlagText(percent: 50))
    #expect(edit.text == "25 → 50 %: 25.0 % of keys join, 0 % leave")
    #expect(edit.isExact && edit.joins == 25 && edit.leaves == 0 && !edit.movesKeysBackAndForth)
  }

  @Test func shrinking() throws {
    let edit = try edit(FlagText(percent: 50), FlagText(percent: 5))
    #expect(edit.text == "50 → 5 %: 0 % of keys join, 45.0 % leave")
    #expect(!edit.movesKeysBackAndForth)
  }

  @Test func stagesCount() throws {
    #expect(
      try edit(FlagText(percent: 25, stage: "shadow"), FlagText(percent: 50, stage: "shadow")).text
        == "25 → 50 %: 0 % of keys join, 0 % leave")
    #expect(
      try edit(FlagText(percent: 25, stage: "shadow"), FlagText(percent: 25)).text
        == "stage shadow → live: 25.0 % of keys join, 0 % leave")
    #expect(
      try edit(FlagText(percent: 25), FlagText(percent: 25, stage: "rampdown")).text
        == "stage live → rampdown: 75.0 % of keys join, 0 % leave")
    #expect(
      try edit(nil, FlagText(percent: 25)).text
        == "stage off → live, 0 → 25 %, compared 0 → 10 %: 25.0 % of keys join, 0 % leave")
  }

  @Test func whitespaceMovesNothing() throws {
    let edit = try edit(FlagText(), FlagText())
    #expect(edit.text == "same routing: 0 % of keys join, 0 % leave" && edit.isExact)
  }

  @Test func aTinyShareIsNotNothing() throws {
    let old = FlagText(targeting: #"{"fractional": [["new", 0], ["legacy", 10000]]}"#)
    let new = FlagText(targeting: #"{"fractional": [["new", 1], ["legacy", 9999]]}"#)
    #expect(try edit(old, new).text == "0 → 0.01 %: under 0.1 % of keys join, 0 % leave")
  }

  @Test func anotherSaltReshuffles() throws {
    let salted = FlagText(
      targeting: #"{"fractional": [{"cat": ["s", {"var": "targetingKey"}]}, ["new", 25], ["legacy", 75]]}"#)
    let edit = try edit(FlagText(percent: 25), salted)
    #expect(edit.movesKeysBackAndForth && !edit.isExact)
    // Two independent quarters: 3/16 join and 3/16 leave.
    #expect(abs(edit.joins - 18.75) < 1 && abs(edit.leaves - 18.75) < 1)
    #expect(edit.text.hasPrefix("25 % of other keys: about 18."))
  }

  @Test func anotherSaltFromNothingOrToEverythingMovesOneWay() throws {
    let salted = FlagText(
      targeting: #"{"fractional": [{"cat": ["s", {"var": "targetingKey"}]}, ["new", 25], ["legacy", 75]]}"#)
    #expect(try !edit(FlagText(percent: 0), salted).movesKeysBackAndForth)
    #expect(try edit(salted, FlagText(percent: 100)).leaves == 0)
  }

  /// No made-up key begins with `session:`; the rule's own constant finds the keys that leave.
  @Test func rulesAboutFewKeysAreSeen() throws {
    func rule(_ variant: String, _ percent: Int) -> FlagText {
      FlagText(
        targeting: #"""
          {"if": [{"starts_with": [{"var": "targetingKey"}, "session:"]}, "\#(variant)",
            {"fractional": [["new", \#(percent)], ["legacy", \#(100 - percent)]]}]}
          """#)
    }
    #expect(try edit(rule("new", 25), rule("legacy", 50)).movesKeysBackAndForth)
    #expect(try edit(rule("new", 25), rule("new", 50)).movesKeysBackAndForth == false)
    #expect(try edit(FlagText(percent: 25), rule("legacy", 25)).text.hasSuffix("join, under 0.1 % leave"))
  }
}
