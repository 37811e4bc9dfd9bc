import Foundation
import Testing

@testable import SluiceFlags

@Suite struct RollbackLatchTests {
  /// A process may be killed between any two steps: the first one has to be enough.
  @Test func theFileItselfComesFirstAndNothingElseIsLeft() throws {
    let directory = try TemporaryDirectory()
    let inotify = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    defer { close(inotify) }
    #expect(inotify_add_watch(inotify, directory.path, UInt32(IN_CREATE | IN_MOVED_TO)) >= 0)
    let latch = RollbackLatch(directory: directory.path)
    try latch.set(reason: "why", who: "ops")
    #expect(Self.names(inotify) == ["ROLLBACK"])
    #expect(latch.note?.contains("reason: why\n") == true)
  }

  @Test func whatAPersonWroteStays() throws {
    let directory = try TemporaryDirectory()
    try directory.write("ROLLBACK", "by hand")
    let latch = RollbackLatch(directory: directory.path)
    try latch.set(reason: "why", who: "ops")
    #expect(latch.note == "by hand")
  }

  /// Where nothing can be removed there may still be nothing to remove. In most containers `/sys` is mounted read-only.
  @Test func whatIsNotThereNeedNotBeRemoved() throws {
    for place in ["/sys", "/proc", "/nowhere"] {
      #expect(throws: Never.self) { try RollbackLatch(directory: place).clear() }
    }
  }

  /// The names in the events that have come, in their order.
  private static func names(_ inotify: Int32) -> [String] {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(inotify, &buffer, buffer.count)
    var names: [String] = []
    var offset = 0
    let header = MemoryLayout<inotify_event>.size
    while count > 0, offset + header <= count {
      let length = buffer.withUnsafeBytes {
        Int($0.loadUnaligned(fromByteOffset: offset, as: inotify_event.self).len)
      }
      offset += header
      guard offset + length <= count else { break }
      names.append(String(decoding: buffer[offset..<offset + length].prefix { $0 != 0 }, as: UTF8.self))
      offset += length
    }
    return names
  }
}
