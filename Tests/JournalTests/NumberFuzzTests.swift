import SluiceRouting
import SluiceTestSupport
import Testing

@testable import SluiceJournal

/// What a start finds may have been written by nobody: damaged files give keys, or everything, or nothing, and never a trap.
@Suite struct NumberFuzzTests {
  @Test func rings() {
    var numbers = ExtremeNumbers("JournalTests.rings")
    for _ in 0..<ExtremeNumbers.rounds(20_000) {
      let capacity = numbers.below(3) == 0 ? 1 + numbers.below(200) : 8 << numbers.below(6)
      var ring = [UInt8](repeating: 0, count: InFlightRing.bytes(capacity: capacity))
      let head = numbers.bits()
      // Half of the time a tail that could be one.
      let tail = numbers.below(2) == 0 ? head &- UInt64(numbers.below(capacity + 8)) : numbers.bits()
      put(head, at: 0, &ring)
      put(tail, at: 8, &ring)
      put(numbers.below(8) == 0 ? numbers.bits() : 0, at: 16, &ring)
      for at in stride(from: InFlightRing.headerBytes, to: ring.count - 3, by: 4) {
        let length =
          numbers.below(3) == 0 ? UInt32(truncatingIfNeeded: numbers.bits()) : UInt32(numbers.below(9))
        for byte in 0..<4 { ring[at + byte] = UInt8(truncatingIfNeeded: length >> UInt32(8 * byte)) }
      }
      for key in InFlightRing.keys(in: ring.span, capacity: capacity) ?? [] { #expect(key.count <= capacity) }
    }
  }

  @Test func logsAndMarks() {
    var numbers = ExtremeNumbers("JournalTests.logsAndMarks")
    for _ in 0..<ExtremeNumbers.rounds(20_000) {
      var log: [UInt8] = []
      for _ in 0..<numbers.below(6) {
        let length = numbers.below(2) == 0 ? numbers.bits() : UInt64(numbers.below(5))
        log += [UInt8(numbers.below(6)), UInt8(numbers.below(3))]
        log += (0..<4).map { UInt8(truncatingIfNeeded: length >> UInt64(8 * $0)) }
        log += [UInt8](repeating: 0x61, count: numbers.below(6))
      }
      var recovered = SuspectJournal.Recovered()
      _ = SuspectLog.read(log, atLeast: numbers.below(2) == 0 ? 0 : numbers.bits(), into: &recovered)
      _ = SuspectLog.readOld(log, into: &recovered)
      var file = [UInt8](repeating: 0, count: numbers.below(600))
      for at in stride(from: 0, to: max(0, file.count - 8), by: 8) { put(numbers.bits(), at: at, &file) }
      for stack in StackID.allCases { _ = ConnectionMark.read(stack, in: file.span) }
    }
  }

  private func put(_ value: UInt64, at offset: Int, _ bytes: inout [UInt8]) {
    for byte in 0..<8 { bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)) }
  }
}
