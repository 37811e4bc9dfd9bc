import Glibc
import SluiceRouting

/// The files that one start has made: for each lane the writes in flight and the suspects, for each stack the mark of an outage, and
/// the manifest, written when all of them are there.
///
/// A start that has a manifest must have all that it names, and all of it must be what was written there: what is missing, cut short
/// or overwritten is damage, and damage is not "no suspects". One without a manifest was killed before it served anybody.
struct JournalGeneration {
  /// What it came to.
  enum Finding {
    /// Everything is there and was read.
    case whole
    /// It never served anybody.
    case unfinished
    /// What is wrong, as a part of a sentence.
    case damaged(String)
  }

  static let manifest = "-ready"
  private static let head = "SLUICE journal 2\nlanes "
  /// As many as `--threads` may be, and some more.
  private static let mostLanes = 1024

  private let stem: String
  private let names: Set<String>
  private let number: String

  /// - Parameter names: of the files in `directory` that begin with the number of this start.
  init(_ number: String, _ names: [String], in directory: String) {
    stem = "\(directory)/"
    self.number = number
    self.names = Set(names)
  }

  /// Says that the files of `lanes` lanes are there; from here on they count.
  static func declare(_ start: String, lanes: Int) throws(JournalError) {
    let path = start.dropLast() + manifest
    let file = open(String(path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .system("open '\(path)'") }
    defer { close(file) }
    let text = Array("\(head)\(lanes)\n".utf8)
    guard write(file, text, text.count) == text.count else { throw .system("write '\(path)'") }
  }

  /// A log can say that a key is right again, a ring only that it is not: each log speaks for itself alone.
  func recover(into recovered: inout SuspectJournal.Recovered) -> Finding {
    guard names.contains(number + Self.manifest) else { return recoverOld(into: &recovered) }
    guard let lanes = lanes() else { return .damaged("\(number)\(Self.manifest) is not what was written") }
    var fault: String?
    for lane in 0..<lanes {
      let inFlight = "\(number)-lane-\(lane).inflight"
      let suspects = "\(number)-lane-\(lane).suspects"
      var logged: UInt64?
      if let bytes = contents(inFlight), bytes.starts(with: LaneJournal.magic) {
        logged = LaneJournal.logged(in: bytes.span)
        if !recover(bytes, into: &recovered) { fault = fault ?? "\(inFlight) is not what was written" }
      } else {
        fault = fault ?? missingOrDamaged(inFlight)
      }
      guard let bytes = contents(suspects) else {
        fault = fault ?? missingOrDamaged(suspects)
        continue
      }
      var log = SuspectJournal.Recovered()
      if !SuspectLog.read(bytes, atLeast: logged ?? 0, into: &log) {
        fault = fault ?? "\(suspects) is not what was written"
      }
      recovered.add(log)
    }
    for stack in StackID.allCases {
      let name = "\(number)-\(stack.name).outage"
      switch contents(name) {
      case [0]: break
      case [1]: recovered.everything.insert(stack)
      default: fault = fault ?? missingOrDamaged(name)
      }
    }
    return fault.map { .damaged($0) } ?? .whole
  }

  private func missingOrDamaged(_ name: String) -> String {
    names.contains(name) ? "\(name) is not what was written" : "\(name) is missing"
  }

  private func lanes() -> Int? {
    guard let bytes = contents(number + Self.manifest) else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    guard text.hasPrefix(Self.head), text.hasSuffix("\n") else { return nil }
    return Int(text.dropFirst(Self.head.count).dropLast()).flatMap {
      (1...Self.mostLanes).contains($0) ? $0 : nil
    }
  }

  /// The two rings. False if they are not what was written.
  private func recover(_ bytes: [UInt8], into recovered: inout SuspectJournal.Recovered) -> Bool {
    let ring = (bytes.count - LaneJournal.prefaceBytes) / 2
    let capacity = ring - InFlightRing.headerBytes
    guard capacity > 0, capacity.nonzeroBitCount == 1, LaneJournal.prefaceBytes + 2 * ring == bytes.count
    else { return false }
    for stack in StackID.allCases {
      if let client = ConnectionMark.read(stack, in: bytes.span) {
        recovered.clients[stack, default: []].append(client)
      }
    }
    for (index, primary) in [StackID.legacy, .new].enumerated() {
      let start = LaneJournal.prefaceBytes + index * ring
      let part = bytes.span.extracting(start..<start + ring)
      if let keys = InFlightRing.keys(in: part, capacity: capacity) {
        recovered.keys[primary.other, default: []].formUnion(keys)
      } else {
        recovered.unsure.insert(primary.other)
      }
    }
    return true
  }

  /// As version 0.1.0 has left it: no manifest, and a log without a head, of which nobody can tell whether it was cut.
  private func recoverOld(into recovered: inout SuspectJournal.Recovered) -> Finding {
    var isOld = false
    for name in names.sorted() where name.hasSuffix(".inflight") {
      guard let bytes = contents(name), bytes.starts(with: LaneJournal.oldMagic) else { continue }
      isOld = true
      let path = name.dropLast(".inflight".count) + ".suspects"
      var log = SuspectJournal.Recovered()
      guard recover(bytes, into: &recovered), let logged = contents(String(path)),
        SuspectLog.readOld(logged, into: &log)
      else { return .damaged("\(path) is not what was written") }
      recovered.add(log)
    }
    guard isOld else { return .unfinished }
    for stack in StackID.allCases where contents("\(number)-\(stack.name).outage")?.first == 1 {
      recovered.everything.insert(stack)
    }
    return .whole
  }

  /// Longer than any journal gets: a log is written anew long before.
  private static let mostBytes = 1 << 30

  /// Nil if there is no such file, or if it cannot be read.
  private func contents(_ name: String) -> [UInt8]? {
    // Non-blocking, so that a pipe in the file's place cannot hold the start.
    let file = open(stem + name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.mostBytes
    else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        read(file, $0.baseAddress.map { $0 + filled }, $0.count - filled)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      filled += count
    }
    return bytes
  }
}
