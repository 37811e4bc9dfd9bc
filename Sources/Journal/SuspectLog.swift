import Glibc
import SluiceRouting

/// The suspects of one lane as a file that is only ever appended to: what was marked, and what was put right.
///
/// Entries are collected during a turn and written by one call at its end. A machine that stops may lose the last of them;
/// a process that is killed loses none that `commit` has written.
struct SuspectLog {
  enum Entry: UInt8 {
    case suspect = 1
    case cleared, everything, allCleared
  }

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
    if entry == .suspect || entry == .everything { unwritten.insert(stack) }
    pending.append(entry.rawValue)
    pending.append(stack.rawValue)
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: key.count).littleEndian) { pending.append(contentsOf: $0) }
    pending.append(contentsOf: key)
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
  mutating func rewrite(_ marks: [(stack: StackID, key: [UInt8])], everything: [StackID]) throws(JournalError)
  {
    let fresh = path + ".new"
    unlink(fresh)
    var log = try SuspectLog(path: fresh)
    for stack in everything { log.append(.everything, stack) }
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
  static func read(_ bytes: [UInt8], into recovered: inout SuspectJournal.Recovered) {
    var position = 0
    while bytes.count - position >= 6 {
      let length = (0..<4).reduce(0) { $0 | Int(bytes[position + 2 + $1]) << (8 * $1) }
      guard bytes.count - position - 6 >= length, let entry = Entry(rawValue: bytes[position]),
        let stack = StackID(rawValue: bytes[position + 1])
      else {
        // Nobody can say what else stood here.
        if bytes.count - position - 6 >= length { recovered.everything.formUnion(StackID.allCases) }
        return
      }
      let key = Array(bytes[position + 6..<position + 6 + length])
      switch entry {
      case .suspect: recovered.keys[stack, default: []].insert(key)
      case .cleared: recovered.keys[stack, default: []].remove(key)
      case .everything: recovered.everything.insert(stack)
      case .allCleared:
        recovered.keys[stack] = []
        recovered.everything.remove(stack)
      }
      position += 6 + length
    }
  }
}
