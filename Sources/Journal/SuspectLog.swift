import Glibc
import SluiceRouting

/// The suspects of one lane as a file that is only ever appended to: what was marked, and what was put right.
///
/// A head, and then entries: kind, stack, length of the key, a check over all of it, the key. Entries are collected during a turn and written by one call at its end. A machine that stops may lose the last of them;
/// a process that is killed loses none that `commit` has written.
struct SuspectLog {
  enum Entry: UInt8 {
    case suspect = 1
    case cleared, everything, allCleared
    /// What the stack mirrored is doubtful as a whole; and no more, but for the keys that are named.
    case mirrored, mirroredCleared
  }

  static let head = Array("SLUICE suspects 2\n".utf8)
  /// Bytes of an entry before its key.
  private static let prefix = 10

  private let path: String
  private var file: Int32
  private var pending: [UInt8] = []
  /// Stacks of which something that became doubtful is not written yet.
  private(set) var unwritten: Set<StackID> = []
  private(set) var bytes = 0

  init(path: String) throws(JournalError) {
    self.path = path
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .system("open '\(path)'") }
  }

  var isCommitted: Bool { pending.isEmpty }

  mutating func append(_ entry: Entry, _ stack: StackID, _ key: [UInt8] = []) {
    if entry == .suspect || entry == .everything || entry == .mirrored { unwritten.insert(stack) }
    if bytes == 0, pending.isEmpty { pending = Self.head }
    let start = pending.count
    pending.append(entry.rawValue)
    pending.append(stack.rawValue)
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: key.count).littleEndian) { pending.append(contentsOf: $0) }
    let check = Self.check(pending[start...], key)
    withUnsafeBytes(of: check.littleEndian) { pending.append(contentsOf: $0) }
    pending.append(contentsOf: key)
  }

  /// FNV-1a, 32 bits: it tells what was overwritten, which is all that it is for.
  private static func check(_ front: some Sequence<UInt8>, _ key: some Sequence<UInt8>) -> UInt32 {
    var hash: UInt32 = 0x811c_9dc5
    for byte in front { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
    for byte in key { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
    return hash
  }

  /// Writes what was collected. On an error what did not fit is tried again with the next commit.
  mutating func commit() throws(JournalError) {
    while !pending.isEmpty {
      let written = pending.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if written < 0 {
        if errno == EINTR { continue }
        throw .system("write '\(path)'")
      }
      bytes += written
      pending.removeFirst(written)
    }
    unwritten = []
  }

  /// Replaces the file by one that holds only what still stands.
  mutating func rewrite(
    _ marks: [(stack: StackID, key: [UInt8])], everything: [StackID], mirrored: [StackID]
  ) throws(JournalError) {
    let fresh = path + ".new"
    unlink(fresh)
    var log = try SuspectLog(path: fresh)
    for stack in everything { log.append(.everything, stack) }
    for stack in mirrored { log.append(.mirrored, stack) }
    for mark in marks { log.append(.suspect, mark.stack, mark.key) }
    do {
      try log.commit()
    } catch {
      log.closeFile()
      throw error
    }
    guard rename(fresh, path) == 0 else {
      log.closeFile()
      throw .system("rename '\(fresh)'")
    }
    closeFile()
    file = log.file
    bytes = log.bytes
    pending = []
    unwritten = []
  }

  func closeFile() { close(file) }

  /// What a log says in the end. Its last entry may be torn, if the disk was full; it is left out, for it was never relied on.
  ///
  /// - Parameter committed: how long it was when it was last written as a whole; 0 if nobody knows.
  /// - Returns: whether it is what was written. What could be read of it counts all the same.
  static func read(
    _ bytes: [UInt8], atLeast committed: UInt64, into recovered: inout SuspectJournal.Recovered
  ) -> Bool {
    guard !bytes.isEmpty else { return committed == 0 }
    guard bytes.starts(with: head) else { return committed == 0 && head.starts(with: bytes) }
    var position = head.count
    while position < bytes.count {
      guard let length = lengthOfKey(bytes, position, prefix: prefix) else { break }
      let key = bytes[position + prefix..<position + prefix + length]
      let check = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[position + 6 + $1]) << UInt32(8 * $1) }
      guard check == Self.check(bytes[position..<position + 6], key),
        apply(bytes[position], bytes[position + 1], Array(key), to: &recovered)
      else { return false }
      position += prefix + length
    }
    return UInt64(position) >= committed
  }

  /// The same for a log of version 0.1.0, which had neither a head nor checks.
  static func readOld(_ bytes: [UInt8], into recovered: inout SuspectJournal.Recovered) -> Bool {
    var position = 0
    while let length = lengthOfKey(bytes, position, prefix: 6) {
      let key = Array(bytes[position + 6..<position + 6 + length])
      guard apply(bytes[position], bytes[position + 1], key, to: &recovered) else { return false }
      position += 6 + length
    }
    return true
  }

  /// Of the entry at `position`; nil if it is not all there.
  private static func lengthOfKey(_ bytes: [UInt8], _ position: Int, prefix: Int) -> Int? {
    guard bytes.count - position >= prefix else { return nil }
    let length = (0..<4).reduce(0) { $0 | Int(bytes[position + 2 + $1]) << (8 * $1) }
    return bytes.count - position - prefix >= length ? length : nil
  }

  /// False if there is no such entry.
  private static func apply(
    _ entry: UInt8, _ stack: UInt8, _ key: [UInt8], to recovered: inout SuspectJournal.Recovered
  ) -> Bool {
    guard let entry = Entry(rawValue: entry), let stack = StackID(rawValue: stack) else { return false }
    switch entry {
    case .suspect: recovered.keys[stack, default: []].insert(key)
    case .cleared: recovered.keys[stack, default: []].remove(key)
    case .everything: recovered.everything.insert(stack)
    case .allCleared:
      recovered.keys[stack] = []
      recovered.everything.remove(stack)
      recovered.unsure.remove(stack)
    case .mirrored: recovered.unsure.insert(stack)
    case .mirroredCleared: recovered.unsure.remove(stack)
    }
    return true
  }
}
