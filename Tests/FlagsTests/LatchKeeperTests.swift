import Foundation
import Logging
import SluiceJournal
import Testing

@testable import SluiceFlags

@Suite struct LatchKeeperTests {
  private let logger = Logger(label: "test")

  private func start(_ directory: TemporaryDirectory, _ remembered: InForce? = nil) throws -> FlagStart {
    if !FileManager.default.fileExists(atPath: directory.file("f.json")) {
      try directory.write("f.json", FlagText(percent: 25).text)
    }
    return try FlagStart(path: directory.file("f.json"), environment: [:], remembered: remembered)
  }

  private func keeper(_ directory: TemporaryDirectory, _ remembered: InForce? = nil) throws -> LatchKeeper {
    try #require(LatchKeeper(try start(directory, remembered), logger: logger))
  }

  private func until(_ condition: () -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(5)
    while !condition(), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(2)) }
    return condition()
  }

  @Test func whoIsAloneRemovesTheFile() async throws {
    let directory = try TemporaryDirectory()
    let keeper = try keeper(directory)
    keeper.set(reason: "why", who: "ops", isOrder: true)
    #expect(try keeper.lift(forAll: false) == .gone)
    #expect(!RollbackLatch(directory: directory.path).isSet && !keeper.isSet && keeper.trouble == nil)
  }

  @Test func whileOthersLookTheFileStaysAndSaysNothingHere() async throws {
    let directory = try TemporaryDirectory()
    let (one, two) = (try keeper(directory), try keeper(directory))
    two.set(reason: "why", who: "ops", isOrder: true)
    #expect(try await until { one.isSet })
    guard case .left(let mark) = try one.lift(forAll: false) else {
      Issue.record("the file was removed")
      return
    }
    #expect(one.isLeftForOthers && !one.isSet && two.isSet)
    // Its next start knows it too, and every other one is rolled back.
    var remembered = InForce()
    remembered.lifted = mark.words
    #expect(try start(directory, remembered).rollback == nil)
    #expect(try start(directory, remembered).lifted == mark)
    #expect(try start(directory).rollback?.reason == "why")
    // An order of the other one is a new one for this one, whoever wrote the file.
    two.set(reason: "again", who: "ops", isOrder: true)
    #expect(try await until { one.isSet })
    #expect(try start(directory, remembered).rollback != nil)
    #expect(try one.lift(forAll: true) == .gone)
    #expect(!RollbackLatch(directory: directory.path).isSet)
    withExtendedLifetime(two) {}
  }

  @Test func ourOwnRollbackBehindAReArmIsAnotherFile() async throws {
    let directory = try TemporaryDirectory()
    let (one, two) = (try keeper(directory), try keeper(directory))
    one.set(reason: "first", who: "ops", isOrder: true)
    _ = try one.lift(forAll: false)
    one.set(reason: "second", who: "ops", isOrder: true)
    #expect(try await until { one.isSet })
    #expect(try await until { one.note?.contains("reason: second") == true })
    withExtendedLifetime(two) {}
  }

  @Test func touchingALiftedFileIsARollback() async throws {
    let directory = try TemporaryDirectory()
    let (one, two) = (try keeper(directory), try keeper(directory))
    one.set(reason: "first", who: "ops", isOrder: true)
    _ = try one.lift(forAll: false)
    #expect(!one.isSet)
    #expect(utimensat(AT_FDCWD, one.path, nil, 0) == 0)
    #expect(one.isSet)
    withExtendedLifetime(two) {}
  }

  /// What could not be written before the process ended is written by the next one; what somebody has removed is not.
  @Test func theNextStartWritesWhatWasNeverWritten() async throws {
    for hadFile in [false, true] {
      let directory = try TemporaryDirectory()
      var remembered = InForce()
      remembered.latch = InForce.Latch(reason: "a full disk", who: "ops", at: 1, hadFile: hadFile)
      let keeper = try keeper(directory, remembered)
      if hadFile {
        #expect(keeper.trouble?.contains("somebody has removed it") == true)
        #expect(!keeper.isSet)
      } else {
        #expect(try await until { keeper.note?.contains("reason: a full disk") == true })
        #expect(keeper.trouble == nil)
      }
    }
  }
}
