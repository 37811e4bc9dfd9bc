import Foundation
import SluiceRouting
import Testing

@testable import SluiceJournal

@Suite struct SuspectJournalTests {
  /// A directory that is gone with the test.
  final class Directory {
    let path = NSTemporaryDirectory() + "journal-\(UUID().uuidString)"
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  private func recovered(_ directory: Directory) throws -> SuspectJournal.Recovered {
    try SuspectJournal(directory: directory.path, lanes: 1).recovered
  }

  @Test func aWriteInFlightIsASuspectOfTheMirror() throws {
    let directory = Directory()
    do {
      let journal = try SuspectJournal(directory: directory.path, lanes: 1)
      _ = journal.lanes[0].record(bytes("a").span, primary: .legacy)
      _ = journal.lanes[0].record(bytes("b").span, primary: .new)
      #expect(journal.recovered.isEmpty)
    }
    let found = try recovered(directory)
    #expect(found.keys[.new] == [bytes("a")])
    #expect(found.keys[.legacy] == [bytes("b")])
    #expect(found.everything.isEmpty)
  }

  @Test func whatIsThroughIsForgotten() throws {
    let directory = Directory()
    do {
      let lane = try SuspectJournal(directory: directory.path, lanes: 1).lanes[0]
      _ = lane.record(bytes("a").span, primary: .legacy)
      let second = lane.record(bytes("b").span, primary: .legacy)
      _ = lane.record(bytes("c").span, primary: .legacy)
      lane.retire(second, primary: .legacy)
      lane.commit()
    }
    #expect(try recovered(directory).keys[.new] == [bytes("c")])
  }

  @Test func aWriteThatIsThroughIsKeptUntilTheTurnEnds() throws {
    let directory = Directory()
    do {
      let lane = try SuspectJournal(directory: directory.path, lanes: 1).lanes[0]
      lane.retire(lane.record(bytes("a").span, primary: .legacy), primary: .legacy)
      lane.suspect(bytes("a"), on: .new)
    }
    // The process ended inside the turn: the log was not written, so the ring must still have the key.
    #expect(try recovered(directory).keys[.new] == [bytes("a")])
  }

  /// A disk without room takes the journal of this run, not what the one before has left.
  @Test func whatWasLeftIsTakenOverWhereThereIsNoRoom() throws {
    let directory = Directory()
    do {
      let lane = try SuspectJournal(directory: directory.path, lanes: 1).lanes[0]
      lane.suspect(bytes("a"), on: .new)
      lane.commit()
    }
    for _ in 0..<2 {
      let journal = try SuspectJournal(directory: directory.path, lanes: 2, ringBytes: 1 << 60)
      #expect(journal.failure != nil && journal.lanes.isEmpty)
      #expect(journal.recovered.keys[.new] == [bytes("a")])
      journal.wasTakenOver()
    }
    let journal = try SuspectJournal(directory: directory.path, lanes: 1)
    #expect(journal.failure == nil && journal.recovered.keys[.new] == [bytes("a")])
  }

  @Test func aLogThatCannotBeWrittenDoubtsItsStackAlone() throws {
    let directory = Directory()
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    do {
      let lane = try LaneJournal(
        inFlight: directory.path + "/1-lane-0.inflight", suspects: "/dev/full", ringBytes: 4096)
      lane.suspect(bytes("a"), on: .legacy)
      lane.commit()
      #expect(lane.failure != nil)
      // The rest of what a start makes.
      let files = FileManager.default
      #expect(files.createFile(atPath: directory.path + "/1-lane-0.suspects", contents: nil))
      for stack in StackID.allCases {
        #expect(files.createFile(atPath: "\(directory.path)/1-\(stack.name).outage", contents: Data([0])))
      }
      try JournalGeneration.declare("\(directory.path)/1-", lanes: 1)
    }
    #expect(try recovered(directory).unsure == [.legacy])
  }

  @Test func anOutageThatWasNotSettledLeavesNothingToBelieve() throws {
    let directory = Directory()
    do {
      let journal = try SuspectJournal(directory: directory.path, lanes: 1)
      try journal.outages[.legacy]?.set()
      try journal.outages[.new]?.set()
      try journal.outages[.legacy]?.clear()
    }
    do {
      let journal = try SuspectJournal(directory: directory.path, lanes: 1)
      #expect(journal.recovered.everything == [.new])
      // Until somebody has taken it over it stands, also if this process ends too.
    }
    do {
      let journal = try SuspectJournal(directory: directory.path, lanes: 1)
      #expect(journal.recovered.everything == [.new])
      journal.wasTakenOver()
    }
    #expect(try recovered(directory).isEmpty)
  }

  @Test func suspectsComeAndGo() throws {
    let directory = Directory()
    do {
      let lane = try SuspectJournal(directory: directory.path, lanes: 1).lanes[0]
      for key in ["a", "b", "c"] { lane.suspect(bytes(key), on: .new) }
      lane.cleared(bytes("b"), on: .new)
      lane.suspect(bytes("a"), on: .legacy)
      lane.commit()
    }
    let found = try recovered(directory)
    #expect(found.keys[.new] == [bytes("a"), bytes("c")])
    #expect(found.keys[.legacy] == [bytes("a")])
  }

  @Test func everythingCoversUntilTheStackIsEmptied() throws {
    let directory = Directory()
    do {
      let lane = try SuspectJournal(directory: directory.path, lanes: 1).lanes[0]
      lane.suspectEverything(on: .new)
      lane.commit()
    }
    #expect(try recovered(directory).everything == [.new])
    do {
      let lane = try SuspectJournal(directory: directory.path, lanes: 1).lanes[0]
      lane.clearedAll(on: .new)
      lane.suspect(bytes("later"), on: .new)
      lane.commit()
    }
    // The files of two starts: what only one of them doubts is doubtful.
    let found = try recovered(directory)
    #expect(found.everything == [.new])
    #expect(found.keys[.new] == [bytes("later")])
  }

  @Test func whatWasTakenOverIsForgotten() throws {
    let directory = Directory()
    do {
      let lane = try SuspectJournal(directory: directory.path, lanes: 1).lanes[0]
      lane.suspect(bytes("a"), on: .new)
      lane.commit()
    }
    do {
      let journal = try SuspectJournal(directory: directory.path, lanes: 2)
      #expect(journal.recovered.count(.new) == 1)
      journal.wasTakenOver()
    }
    #expect(try recovered(directory).isEmpty)
  }

  @Test func aFullRingDoubtsEverythingUntilTheLostWriteIsThrough() throws {
    let directory = Directory()
    do {
      let lane = try SuspectJournal(directory: directory.path, lanes: 1, ringBytes: 64).lanes[0]
      for number in 0..<20 { _ = lane.record(bytes("key-\(number)").span, primary: .legacy) }
    }
    #expect(try recovered(directory).unsure == [.new])
    try FileManager.default.removeItem(atPath: directory.path)
    do {
      let lane = try SuspectJournal(directory: directory.path, lanes: 1, ringBytes: 64).lanes[0]
      var last: UInt32 = 0
      for number in 0..<20 { last = lane.record(bytes("key-\(number)").span, primary: .legacy) }
      lane.retire(last, primary: .legacy)
      lane.commit()
      let behind = lane.record(bytes("x").span, primary: .legacy)
      lane.retire(behind, primary: .legacy)
      lane.commit()
      _ = lane.record(bytes("y").span, primary: .legacy)
    }
    let found = try recovered(directory)
    #expect(found.unsure.isEmpty)
    #expect(found.keys[.new] == [bytes("y")])
  }

  @Test func keysOfEveryLengthGoRoundTheRing() throws {
    let directory = Directory()
    var random = SystemRandomNumberGenerator()
    let journal = try SuspectJournal(directory: directory.path, lanes: 1, ringBytes: 256)
    let lane = journal.lanes[0]
    var expected: [[UInt8]] = []
    var positions: [UInt32] = []
    for _ in 0..<5000 {
      let key = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        UInt8.random(in: 0...255, using: &random)
      }
      positions.append(lane.record(key.span, primary: .new))
      expected.append(key)
      if positions.count > 4 {
        lane.retire(positions.removeFirst(), primary: .new)
        expected.removeFirst()
        lane.commit()
      }
    }
    let names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    let name = try #require(names.first { $0.hasSuffix(".inflight") })
    let file = Array(try Data(contentsOf: URL(fileURLWithPath: "\(directory.path)/\(name)")))
    let ring = (file.count - LaneJournal.prefaceBytes) / 2
    let start = LaneJournal.prefaceBytes + ring
    let part = file.span.extracting(start..<start + ring)
    #expect(InFlightRing.keys(in: part, capacity: 256) == expected)
  }

  /// A full disk takes a part of an entry; nobody relied on it, for the ring still had its key.
  @Test func aTornLogIsReadAsFarAsItGoes() throws {
    let directory = Directory()
    do {
      let lane = try SuspectJournal(directory: directory.path, lanes: 1).lanes[0]
      lane.suspect(bytes("whole"), on: .new)
      lane.commit()
    }
    let handle = try #require(FileHandle(forUpdatingAtPath: directory.path + "/1-lane-0.suspects"))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([1, 1, 4, 0, 0, 0, 9, 9, 9, 9] + bytes("tor")))
    try handle.close()
    let found = try recovered(directory)
    #expect(found.keys[.new] == [bytes("whole")] && found.damage == nil)
  }

  @Test func aRewrittenLogHoldsWhatStands() throws {
    let directory = Directory()
    do {
      let lane = try SuspectJournal(directory: directory.path, lanes: 1).lanes[0]
      for number in 0..<1000 { lane.suspect(bytes("\(number)"), on: .new) }
      lane.commit()
      let before = lane.logBytes
      lane.rewrite([(.new, bytes("7"))], everything: [])
      #expect(lane.logBytes < before)
      lane.suspect(bytes("8"), on: .new)
      lane.commit()
    }
    #expect(try recovered(directory).keys[.new] == [bytes("7"), bytes("8")])
  }

  /// A log that was rewritten is shorter than it was, and rightly so.
  @Test func aRewrittenLogIsNotACutOne() throws {
    let directory = Directory()
    do {
      let lane = try SuspectJournal(directory: directory.path, lanes: 1).lanes[0]
      for number in 0..<100 { lane.suspect(bytes("\(number)"), on: .new) }
      lane.commit()
      lane.rewrite([], everything: [])
    }
    let found = try recovered(directory)
    #expect(found.isEmpty && found.damage == nil)
  }

  @Test func twoProcessesDoNotShareAJournal() throws {
    let directory = Directory()
    let first = try SuspectJournal(directory: directory.path, lanes: 1)
    #expect(throws: JournalError.self) { try SuspectJournal(directory: directory.path, lanes: 1) }
    withExtendedLifetime(first) {}
  }

  @Test func aDirectoryThatCannotBeMadeIsAnError() {
    #expect(throws: JournalError.self) { try SuspectJournal(directory: "/proc/none/here", lanes: 1) }
  }
}
