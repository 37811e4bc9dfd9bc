import Testing

@testable import SluiceFlags

/// The loader's manners as transcripts, on a clock that the test moves.
@Suite struct FlagIntakeTests {
  private func intake(_ text: FlagText) throws -> FlagIntake {
    FlagIntake(start: .success(try text.definition()))
  }

  private func line(_ decision: FlagIntake.Decision) -> String {
    switch decision {
    case .nothing: "nothing"
    case .lookAgain(let after): "again \(after)"
    case .tell(.loaded(let definition, _)): "loaded \(definition.percentage?.description ?? "rules")"
    case .tell(.rejected(let error)): "rejected \(error.code)"
    case .tell(.recovered): "recovered"
    case .tell(.latchAppeared), .tell(.latchDisappeared): "latch"
    }
  }

  /// Reads one after the other: the time and what was read.
  private func transcript(
    _ intake: inout FlagIntake, _ steps: [(UInt64, FlagIntake.Reading)]
  ) -> [String] {
    var lines: [String] = []
    for (now, reading) in steps { lines.append(line(intake.read(reading, now: now))) }
    return lines
  }

  private let good = FlagIntake.Reading.bytes(FlagText(percent: 25).bytes)
  private let better = FlagIntake.Reading.bytes(FlagText(percent: 50).bytes)
  private let empty = FlagIntake.Reading.bytes([])
  private let half = FlagIntake.Reading.bytes(Array(FlagText(percent: 50).bytes.prefix(100)))
  private let missing = FlagIntake.Reading.failure(FlagError(.unreadable, "missing"))

  @Test func aWriteInStepsIsOneEdit() throws {
    var intake = try intake(FlagText(percent: 25))
    #expect(
      transcript(
        &intake,
        [
          (0, good), (50, good), (1000, good), (1010, empty), (1030, half), (1060, better), (1080, better),
          (1109, better), (1110, better), (2000, better),
        ])
        == [
          "again 50", "nothing", "nothing", "again 50", "again 50", "again 50", "again 30", "again 1",
          "loaded 50", "nothing",
        ])
    #expect(intake.current?.percentage == Percentage(percent: 50))
  }

  @Test func removedAndMadeAgainIsNoError() throws {
    var intake = try intake(FlagText(percent: 25))
    #expect(
      transcript(&intake, [(0, good), (50, good), (100, missing), (120, good), (1000, good)])
        == ["again 50", "nothing", "again 50", "nothing", "nothing"])
  }

  @Test func eachDistinctErrorOnce() throws {
    var intake = try intake(FlagText(percent: 25))
    #expect(
      transcript(
        &intake,
        [
          (0, half), (50, half), (1000, half), (1100, missing), (1150, missing), (1200, half), (1250, half),
          (1300, good), (1350, good), (1400, half), (1450, half), (1500, better), (1550, better),
        ])
        == [
          "again 50", "rejected syntax", "nothing", "again 50", "rejected unreadable", "again 50", "nothing",
          "again 50", "recovered", "again 50", "rejected syntax", "again 50", "loaded 50",
        ])
  }

  @Test func theErrorOfTheStartIsKnown() throws {
    let error = FlagError(.unreadable, "missing")
    var intake = FlagIntake(start: .failure(error))
    #expect(
      transcript(&intake, [(0, missing), (50, missing), (60, good), (110, good)])
        == ["again 50", "nothing", "again 50", "loaded 25"])
  }

  @Test func aReshuffleNeedsLeave() throws {
    var intake = try intake(FlagText(percent: 25))
    let salted = FlagIntake.Reading.bytes(
      FlagText(
        targeting: #"{"fractional": [{"cat": ["s", {"var": "targetingKey"}]}, ["new", 40], ["legacy", 60]]}"#
      ).bytes)
    #expect(transcript(&intake, [(0, salted), (50, salted)]) == ["again 50", "rejected reshuffles"])
    #expect(intake.current?.percentage == Percentage(percent: 25))
    #expect(line(intake.reload(salted, allowReshuffle: false)) == "rejected reshuffles")
    #expect(line(intake.reload(salted, allowReshuffle: true)) == "loaded 40")
    #expect(line(intake.reload(salted, allowReshuffle: true)) == "nothing")
    var lenient = FlagIntake(start: .success(try FlagText(percent: 25).definition()), allowReshuffle: true)
    #expect(transcript(&lenient, [(0, salted), (50, salted)]) == ["again 50", "loaded 40"])
    lenient = FlagIntake(start: .success(try FlagText(percent: 25).definition()), allowReshuffle: true)
    #expect(line(lenient.reload(salted, allowReshuffle: false)) == "loaded 40")
  }

  @Test func reloadSaysItAgainAndAtOnce() throws {
    var intake = try intake(FlagText(percent: 25))
    #expect(line(intake.reload(half, allowReshuffle: false)) == "rejected syntax")
    #expect(line(intake.reload(half, allowReshuffle: false)) == "rejected syntax")
    #expect(line(intake.reload(good, allowReshuffle: false)) == "recovered")
    #expect(line(intake.reload(good, allowReshuffle: false)) == "nothing")
    #expect(line(intake.reload(better, allowReshuffle: false)) == "loaded 50")
  }

  @Test func aClockThatStandsStillOnlyDelays() throws {
    var intake = try intake(FlagText(percent: 25))
    #expect(
      transcript(&intake, [(90, better), (80, better), (140, better)])
        == ["again 50", "again 50", "loaded 50"])
  }
}
