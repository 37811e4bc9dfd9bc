import Foundation
import SluiceJournal
import SluiceRouting
import Testing

@testable import SluiceFlags

/// What decides at a start: the file, the memory of the process before, the environment, and two latches.
@Suite struct FlagStartTests {
  private func remembering(_ text: FlagText, rolledBack: Bool = false) -> InForce {
    var value = InForce()
    value.definition = text.bytes
    if rolledBack { value.latch = InForce.Latch(reason: "own", who: "ops", at: 0) }
    return value
  }

  @Test func withoutAUsableFileTheLastGoodFlagsStay() throws {
    for text in [nil, "", String(FlagText(percent: 75).text.dropLast(9))] {
      let directory = try TemporaryDirectory()
      if let text { try directory.write("f.json", text) }
      let path = directory.file("f.json")
      let start = try FlagStart(path: path, environment: [:], remembered: remembering(FlagText(percent: 75)))
      #expect(start.error != nil && start.isRemembered && start.isGood)
      #expect(start.definition.percentage == Percentage(percent: 75) && start.past == nil)
      #expect(start.snapshot.stage == .live)
      let first = try FlagStart(path: path, environment: [:])
      #expect(!first.isGood && first.snapshot.effectiveStage == .off, "nothing remembered means legacy")
    }
  }

  @Test func aFileThatSaysSomethingElseIsAFlip() throws {
    let directory = try TemporaryDirectory()
    try directory.write("f.json", FlagText(percent: 25).text)
    let start = try FlagStart(
      path: directory.file("f.json"), environment: [:], remembered: remembering(FlagText(percent: 75)))
    #expect(start.error == nil && !start.isRemembered)
    #expect(start.past?.cohort.percent == 75 && start.snapshot.cohort.percent == 25)
  }

  /// A flip like any other: one that a running proxy would refuse is refused by a start.
  @Test func keysDoNotMoveBackAndForth() throws {
    let directory = try TemporaryDirectory()
    let salted = FlagText(
      targeting: #"{"fractional": [{"cat": ["s", {"var": "targetingKey"}]}, ["new", 30], ["legacy", 70]]}"#)
    try directory.write("f.json", salted.text)
    let path = directory.file("f.json")
    let remembered = remembering(FlagText(percent: 25))
    let start = try FlagStart(path: path, environment: [:], remembered: remembered)
    #expect(start.error?.contains("RELOAD RESHUFFLE") == true)
    #expect(start.definition.percentage == Percentage(percent: 25) && start.isRemembered)
    let allowed = try FlagStart(path: path, environment: [:], remembered: remembered, allowReshuffle: true)
    #expect(allowed.error == nil && allowed.definition.percentage == Percentage(percent: 30))
  }

  @Test func ownOrSharedEitherRollsBack() throws {
    let directory = try TemporaryDirectory()
    try directory.write("f.json", FlagText(percent: 25).text)
    let path = directory.file("f.json")
    let remembered = remembering(FlagText(percent: 25), rolledBack: true)
    let own = try FlagStart(path: path, environment: [:], remembered: remembered)
    #expect(own.rollback?.reason == "own" && own.past == nil && own.snapshot.isRolledBack)
    try directory.write("ROLLBACK", "")
    let shared = try FlagStart(
      path: path, environment: [:], remembered: remembering(FlagText(percent: 25)))
    #expect(shared.rollback != nil && shared.ownLatch == shared.rollback)
    #expect(shared.past?.isRolledBack == false && shared.snapshot.isRolledBack, "a flip, too")
  }

  @Test func theEnvironmentIsNoLatchOfOurOwn() throws {
    let directory = try TemporaryDirectory()
    try directory.write("f.json", FlagText(percent: 25).text)
    let environment = [EnvironmentSwitches.legacyName: "1"]
    let start = try FlagStart(
      path: directory.file("f.json"), environment: environment,
      remembered: remembering(FlagText(percent: 25)))
    #expect(start.rollback?.who == "environment" && start.ownLatch == nil)
    #expect(start.past?.isRolledBack == false)
    let both = try FlagStart(
      path: directory.file("f.json"), environment: environment,
      remembered: remembering(FlagText(percent: 25), rolledBack: true))
    #expect(both.rollback?.who == "environment" && both.ownLatch?.reason == "own")
  }

  @Test func withoutAFileTheMemoryIsTheFile() throws {
    let start = try FlagStart(path: nil, environment: [:], remembered: remembering(FlagText(percent: 75)))
    #expect(start.isRemembered && start.error == nil && start.snapshot.cohort.percent == 75)
    let forward = try FlagStart(
      path: nil, environment: [EnvironmentSwitches.newName: "yes"],
      remembered: remembering(FlagText(percent: 75)))
    #expect(forward.snapshot.stage == .rampdown && forward.past?.stage == .live)
    var garbage = InForce()
    garbage.definition = Array("no flags".utf8)
    #expect(try FlagStart(path: nil, environment: [:], remembered: garbage).snapshot.stage == .off)
  }

  @Test func aFileThatBecameAFolderKeepsItsLatchBesideIt() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("f.json")
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try RollbackLatch(directory: FlagFile(path: path).directory).set(reason: "why", who: "ops")
    #expect(FileManager.default.fileExists(atPath: directory.file("ROLLBACK")))
    #expect(try FlagStart(path: path, environment: [:]).rollback?.reason == "why")
  }
}
