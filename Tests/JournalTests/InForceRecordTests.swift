import Foundation
import SluiceRouting
import Testing

@testable import SluiceJournal

/// What a process remembers of the one before: whole or not at all, whatever became of the file.
@Suite struct InForceRecordTests {
  private final class Place {
    let directory = NSTemporaryDirectory() + "in-force-\(UUID().uuidString)"
    var path: String { directory + "/in-force" }

    init() throws {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    var bytes: [UInt8] {
      get throws { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }
    }

    func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    var names: [String] {
      get throws { try FileManager.default.contentsOfDirectory(atPath: directory).sorted() }
    }
  }

  private func some(_ text: String) -> InForce {
    var value = InForce()
    value.definition = Array("{\"flags\": \"\(text)\"}".utf8)
    value.latch = InForce.Latch(
      reason: "because of \(text)", who: "ops", at: 1_700_000_000_123, hadFile: true)
    value.lifted = [1, .max, 3, 4]
    value.leftOut = [.legacy: 5]
    value.doubted = [.new]
    return value
  }

  @Test func theNextProcessFindsWhatWasChangedLast() throws {
    let place = try Place()
    do {
      let record = try InForceRecord(path: place.path)
      #expect(record.recovered == nil && record.damage == nil)
      for round in 0..<5 {
        record.change { $0 = some("round \(round)") }
        // As after `kill -9`: the process before has ended nothing.
        #expect(InForceRecord.left(at: place.path) == some("round \(round)"))
      }
      record.doubt(.legacy, true)
      record.doubt(.new, false)
      record.leaveOut([.legacy, .new])
    }
    let next = try InForceRecord(path: place.path)
    #expect(next.recovered?.doubted == [.legacy])
    #expect(next.recovered?.leftOut[.legacy] == 5, "it has been left out since then, and not since now")
    #expect((next.recovered?.leftOut[.new] ?? 0) > 1_700_000_000_000)
    #expect(next.recovered?.definition == some("round 4").definition)
    // One that is not changed stays what it is.
    #expect(try InForceRecord(path: place.path).recovered == next.value)
  }

  @Test func longWordsAreCutAndTheLongestFileFits() throws {
    let place = try Place()
    var value = some("long")
    value.latch?.reason = String(repeating: "ä", count: 5000)
    value.latch?.who = String(repeating: "x", count: 5000)
    value.definition = [UInt8](repeating: 0x20, count: InForceImage.definitionBytes)
    let record = try InForceRecord(path: place.path)
    record.change { $0 = value }
    let left = try #require(InForceRecord.left(at: place.path))
    #expect(left.definition == value.definition && left.lifted == value.lifted)
    #expect(left.latch?.reason == String(repeating: "ä", count: 512))
    #expect(left.latch?.who.utf8.count == 1024)
  }

  /// A process that is killed in the middle of a change leaves what was there before it.
  @Test func aTornChangeLeavesTheOneBefore() throws {
    let place = try Place()
    let record = try InForceRecord(path: place.path)
    record.change { $0 = some("before") }
    let before = try place.bytes
    record.change { $0 = some("behind") }
    let behind = try place.bytes
    let second = 3 * InForceImage.block + InForceImage.definitionBytes
    let changed = (Array(0..<second - InForceImage.definitionBytes + 200) + Array(second..<second + 200))
      .filter {
        before[$0] != behind[$0]
      }
    #expect(changed.count > 40)
    // The stores come in any order: each one alone, and each one missing.
    for index in changed {
      var torn = before
      torn[index] = behind[index]
      #expect(InForceImage(torn)?.value == some("before"), "byte \(index) alone")
      torn = behind
      torn[index] = before[index]
      #expect(InForceImage(torn)?.value == some("before"), "all but byte \(index)")
    }
    #expect(InForceImage(behind)?.value == some("behind"))
  }

  @Test func whatIsDamagedIsSaidAndPutAside() throws {
    var generator = SystemRandomNumberGenerator()
    let lengths = [0, 1, 19, 4096, 4100, 12_288, 13_000, InForceImage.bytes - 1]
    for length in lengths {
      let place = try Place()
      try InForceRecord(path: place.path).change { $0 = some("a") }
      truncate(place.path, off_t(length))
      let record = try InForceRecord(path: place.path)
      let isReadable = length > InForceImage.block * 3
      #expect(record.recovered == (isReadable ? some("a") : nil), "\(length) bytes")
      #expect((record.damage != nil) == !isReadable, "\(length) bytes: \(record.damage ?? "")")
      record.change { $0 = some("b") }
      #expect(try InForceRecord(path: place.path).recovered == some("b"), "\(length) bytes")
    }
    for _ in 0..<20 {
      let place = try Place()
      try InForceRecord(path: place.path).change { $0 = some("a") }
      var bytes = try place.bytes
      for index in 0..<4 * InForceImage.block { bytes[index] = .random(in: 0...255, using: &generator) }
      try place.write(bytes)
      let record = try InForceRecord(path: place.path)
      #expect(record.recovered == nil && record.damage != nil)
      #expect(try place.names == ["in-force", "in-force.damaged"])
    }
  }

  /// Numbers of any size in the place of lengths and places lead nowhere.
  @Test func noNumberInItIsBelieved() throws {
    let place = try Place()
    try InForceRecord(path: place.path).change { $0 = some("a") }
    let bytes = Array(try place.bytes.prefix(3 * InForceImage.block + 200))
    for word in 0..<80 {
      for value in [UInt64.max, 1 << 63, UInt64(Int64.max), 1 << 32, UInt64(InForceImage.bytes), 0] {
        var changed = bytes
        withUnsafeBytes(of: value.littleEndian) {
          let at = InForceImage.block + 8 * word
          changed.replaceSubrange(at..<at + 8, with: $0)
        }
        let left = InForceImage(changed)
        #expect(left == nil || changed == bytes || left?.value == some("a"), "word \(word): \(value)")
      }
    }
  }

  @Test func aFileOfAnotherVersionIsLeftAlone() throws {
    let place = try Place()
    let foreign = Array("SLUICE in force 9\n".utf8) + [UInt8](repeating: 7, count: 100)
    try place.write(foreign)
    let error = #expect(throws: JournalError.self) { try InForceRecord(path: place.path) }
    #expect(error?.description.contains("another version") == true)
    #expect(try place.bytes == foreign)
  }

  @Test func whereThereIsNoRoomItIsSaid() throws {
    let place = try Place()
    let error = #expect(throws: JournalError.self) { try InForceRecord(path: place.path, room: 1 << 60) }
    #expect(error?.description.contains("cannot reserve") == true)
    #expect(try place.names == [], "nothing half made is left")
    try InForceRecord(path: place.path).change { $0 = some("a") }
    #expect(throws: JournalError.self) { try InForceRecord(path: place.path, room: 1 << 60) }
    #expect(InForceRecord.left(at: place.path) == some("a"))
  }

  /// Memory whose file was cut off raises SIGBUS when it is touched; it is not touched.
  @Test func aFileThatIsCutOffBeneathItIsBegunAnew() throws {
    let place = try Place()
    let record = try InForceRecord(path: place.path)
    record.change { $0 = some("a") }
    for length in [0, 4096, InForceImage.bytes / 2] {
      #expect(truncate(place.path, off_t(length)) == 0)
      record.change { $0 = some("cut to \(length)") }
      #expect(record.failure == nil)
      #expect(InForceRecord.left(at: place.path) == some("cut to \(length)"))
      #expect(truncate(place.path, off_t(length)) == 0)
      record.tend()
      #expect(InForceRecord.left(at: place.path) == some("cut to \(length)"))
    }
  }

  @Test func aFileThatIsGoneIsBegunAnew() throws {
    let place = try Place()
    let record = try InForceRecord(path: place.path)
    record.change { $0 = some("a") }
    unlink(place.path)
    record.tend()
    #expect(InForceRecord.left(at: place.path) == some("a"))
    rename(place.path, place.path + ".aside")
    try place.write(Array("something else".utf8))
    record.tend()
    #expect(InForceRecord.left(at: place.path) == some("a"))
    // And where it cannot be: that is said, and mended when it can.
    try FileManager.default.removeItem(atPath: place.directory)
    record.tend()
    #expect(record.failure != nil)
    record.change { $0 = some("b") }
    #expect(record.value == some("b") && record.failure != nil)
    try FileManager.default.createDirectory(atPath: place.directory, withIntermediateDirectories: false)
    record.tend()
    #expect(record.failure == nil && InForceRecord.left(at: place.path) == some("b"))
  }

  @Test func aStartDoubtsWhatComesIntoUseAgain() {
    var value = InForce()
    value.leftOut = [.legacy: 1]
    #expect(value.doubts(at: .complete) == [] && value.leavesOutAnew(at: .complete) == nil)
    #expect(value.doubts(at: .rampdown) == [.legacy])
    #expect(value.doubts(at: .off) == [.legacy] && value.leavesOutAnew(at: .off) == .new)
    value.doubted = [.new]
    #expect(value.doubts(at: .complete) == [.new])
    #expect(value.doubts(at: .off) == [.legacy, .new] && value.leavesOutAnew(at: .off) == nil)
  }

  @Test func theJournalKeepsItBesideTheSuspects() throws {
    let place = try Place()
    do {
      let journal = try SuspectJournal(directory: place.directory, lanes: 1)
      #expect(journal.remembered == nil && journal.inForceFailure == nil)
      journal.inForce?.change { $0 = some("a") }
      journal.wasTakenOver()
    }
    // No room for the rings says nothing against it.
    let journal = try SuspectJournal(directory: place.directory, lanes: 1, ringBytes: 1 << 60)
    #expect(journal.failure != nil && journal.remembered == some("a"))
    #expect(journal.inForce != nil)
  }
}
