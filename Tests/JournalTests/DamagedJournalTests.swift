import Foundation
import SluiceRouting
import Testing

@testable import SluiceJournal

/// A damaged memory is not an empty one: what is missing, cut or overwritten leaves a stack of which nothing is believed.
@Suite struct DamagedJournalTests {
  private typealias Directory = SuspectJournalTests.Directory

  private static let knownRun = SuspectJournal.Earlier(hasRun: true, mirrors: [.new])

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// What a run with two lanes, two suspects and a write in flight has left.
  private func left() throws -> Directory {
    let directory = Directory()
    let lanes = try SuspectJournal(directory: directory.path, lanes: 2, ringBytes: 4096).lanes
    lanes[0].suspect(bytes("a"), on: .new)
    lanes[1].suspect(bytes("b"), on: .new)
    _ = lanes[1].record(bytes("c").span, primary: .legacy)
    for lane in lanes { lane.commit() }
    return directory
  }

  private func recovered(
    _ directory: Directory, _ earlier: SuspectJournal.Earlier = knownRun
  ) throws -> SuspectJournal.Recovered {
    try SuspectJournal(directory: directory.path, lanes: 2, ringBytes: 4096, earlier: earlier).recovered
  }

  @Test func whatIsWholeIsNotDoubted() throws {
    let found = try recovered(left())
    #expect(found.damage == nil && found.everything.isEmpty)
    #expect(found.keys[.new] == [bytes("a"), bytes("b"), bytes("c")])
  }

  enum Harm: String, CaseIterable {
    case emptied, cutInTheMiddle, cutAtAnEntry, random, oneBit, zeroed, removed, folder, pipe
  }

  @Test(arguments: ["1-lane-0.suspects", "1-lane-1.inflight", "1-new.outage", "1-ready"], Harm.allCases)
  func everythingIsDoubted(name: String, harm: Harm) throws {
    let directory = try left()
    let path = "\(directory.path)/\(name)"
    var content = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    switch harm {
    case .emptied: content = []
    case .cutInTheMiddle: content.removeLast(content.count / 2 + 1)
    // Of a log with one entry that leaves the head.
    case .cutAtAnEntry: content.removeLast(min(content.count, 11))
    case .random: content = content.map { _ in UInt8.random(in: 2...255) }
    case .oneBit: content[content.startIndex] ^= 4
    case .zeroed: content = name == "1-new.outage" ? [7] : content.map { _ in 0 }
    case .removed, .folder, .pipe: break
    }
    switch harm {
    case .removed: try FileManager.default.removeItem(atPath: path)
    case .folder:
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case .pipe:
      try FileManager.default.removeItem(atPath: path)
      #expect(mkfifo(path, 0o600) == 0)
    default: try Data(content).write(to: URL(fileURLWithPath: path))
    }
    let found = try recovered(directory)
    #expect(found.unsure == [.new], "\(found)")
    #expect(found.damage != nil)
  }

  @Test func noBitOfALogCanTurnUnnoticed() throws {
    let directory = try left()
    let log = URL(fileURLWithPath: "\(directory.path)/1-lane-0.suspects")
    let content = Array(try Data(contentsOf: log))
    for bit in 0..<content.count * 8 {
      var turned = content
      turned[bit / 8] ^= 1 << UInt8(bit % 8)
      var found = SuspectJournal.Recovered()
      #expect(!SuspectLog.read(turned, atLeast: UInt64(content.count), into: &found), "bit \(bit)")
    }
  }

  @Test func afterADamageThatWasTakenOverAllIsWell() throws {
    let directory = try left()
    try Data().write(to: URL(fileURLWithPath: "\(directory.path)/1-lane-0.suspects"))
    do {
      let journal = try SuspectJournal(directory: directory.path, lanes: 2, earlier: Self.knownRun)
      #expect(journal.recovered.damage != nil)
      journal.wasTakenOver()
    }
    let found = try recovered(directory)
    #expect(found.damage == nil && found.isEmpty)
  }

  // MARK: Gone as a whole

  @Test func aJournalThatIsGoneIsDamageWhereARunIsKnown() throws {
    let directory = try left()
    try FileManager.default.removeItem(atPath: directory.path)
    let found = try recovered(directory)
    #expect(found.damage != nil && found.unsure == [.new])
    try FileManager.default.removeItem(atPath: directory.path)
    let first = try recovered(directory, SuspectJournal.Earlier())
    #expect(first.damage == nil && first.isEmpty, "a first start is none")
  }

  @Test func aFileInThePlaceOfTheDirectoryIsDamageToo() throws {
    let directory = Directory()
    try Data("x".utf8).write(to: URL(fileURLWithPath: directory.path))
    let journal = try SuspectJournal(directory: directory.path, lanes: 2, earlier: Self.knownRun)
    #expect(journal.failure != nil && journal.lanes.isEmpty)
    #expect(journal.recovered.damage != nil && journal.recovered.unsure == [.new])
  }

  /// Killed before its manifest was written it has served nobody; killed while it removes the files of the one before, all is in its own.
  @Test func aStartThatWasKilledInTheMiddleIsNoDamage() throws {
    let directory = try left()
    try Data().write(to: URL(fileURLWithPath: "\(directory.path)/2-lane-0.inflight"))
    #expect(try recovered(directory).damage == nil)
    try FileManager.default.removeItem(atPath: "\(directory.path)/1-ready")
    try FileManager.default.removeItem(atPath: "\(directory.path)/1-lane-0.suspects")
    #expect(try recovered(directory).damage == nil)
  }

  @Test func filesThatAreGoneOrCutWhileItRunsAreMissing() throws {
    let directory = Directory()
    let journal = try SuspectJournal(directory: directory.path, lanes: 2)
    #expect(journal.missing == nil)
    try FileManager.default.removeItem(atPath: "\(directory.path)/1-lane-1.suspects")
    #expect(journal.missing?.contains("1-lane-1.suspects") == true)
    try FileManager.default.moveItem(atPath: directory.path, toPath: directory.path + "-aside")
    defer { try? FileManager.default.removeItem(atPath: directory.path + "-aside") }
    #expect(journal.missing?.contains("removed or replaced") == true)
  }

  // MARK: Another version's

  @Test func whatVersion010HasLeftIsRead() throws {
    let directory = try left()
    let log = bytes("\u{1}\u{1}\u{3}\u{0}\u{0}\u{0}old") + bytes("\u{1}\u{1}\u{9}\u{0}\u{0}\u{0}torn")
    for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) {
      let url = URL(fileURLWithPath: "\(directory.path)/\(name)")
      if name.hasSuffix(".suspects") { try Data(log).write(to: url) }
      if name == "1-ready" { try FileManager.default.removeItem(at: url) }
      if name.hasSuffix(".inflight") {
        var content = Array(try Data(contentsOf: url))
        content.replaceSubrange(0..<LaneJournal.oldMagic.count, with: LaneJournal.oldMagic)
        try Data(content).write(to: url)
      }
    }
    let found = try recovered(directory)
    #expect(found.damage == nil && found.everything.isEmpty, "\(found)")
    #expect(found.keys[.new] == [bytes("old"), bytes("c")])
  }

  @Test func namesAndNumbersFromOutsideDoNoHarm() throws {
    let directory = try left()
    for name in ["\(Int.max)-lane-0.suspects", "-1-ready", "99999999999999999999-ready", "x-ready"] {
      try Data("SLUICE journal 2\nlanes 99999\n".utf8).write(
        to: URL(fileURLWithPath: "\(directory.path)/\(name)"))
    }
    #expect(try recovered(directory).keys[.new]?.count == 3)
    try Data("SLUICE journal 2\nlanes 9223372036854775807\n".utf8).write(
      to: URL(fileURLWithPath: "\(directory.path)/7-ready"))
    #expect(try recovered(directory).damage != nil)
  }
}
