import Glibc
import SluiceRouting

/// The directory in which a proxy keeps what must outlive it: per lane the writes in flight and the suspects.
///
/// Each start begins files of its own, and those of the start before are removed when what they held has been taken over:
/// killed at any moment, nothing is lost. Made for a killed process; a machine that stops takes unwritten pages with it.
public final class SuspectJournal: Sendable {
  /// What the process before has left behind.
  public struct Recovered: Sendable, Equatable {
    /// Keys that may be wrong on a stack.
    public var keys: [StackID: Set<[UInt8]>] = [:]
    /// Stacks on which nobody can say what is wrong.
    public var everything: Set<StackID> = []
    /// Its connections, whose last commands a server that hung may not have read yet.
    public var clients: [StackID: [StackClient]] = [:]

    public init() {}

    public var isEmpty: Bool { everything.isEmpty && keys.values.allSatisfy(\.isEmpty) }
    public func count(_ stack: StackID) -> Int { keys[stack]?.count ?? 0 }
  }

  public let directory: String
  /// By lane; none if there is a `failure`.
  public let lanes: [LaneJournal]
  /// Why nothing of this run can be written down, as on a full disk; nil if it can. What was recovered holds all the same, and stays
  /// where it is for the next start.
  public let failure: JournalError?
  /// For stacks whose layers let memory answer.
  public let outages: [StackID: OutageMark]
  public let recovered: Recovered
  private let earlier: [String]
  private let lock: Int32

  /// Opens the journal in `directory`, which is made if it is missing, for `lanes` lanes.
  ///
  /// - Throws: `JournalError` if it cannot be read, or is in use by another process.
  public init(directory: String, lanes count: Int, ringBytes: Int? = nil) throws(JournalError) {
    self.directory = directory
    if mkdir(directory, 0o700) != 0, errno != EEXIST { throw .system("make the directory '\(directory)'") }
    lock = open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw .system("open '\(directory)/lock'") }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw JournalError("'\(directory)' is in use by another process")
    }
    do {
      let names = try Self.names(in: directory)
      earlier = names.map { "\(directory)/\($0)" }
      recovered = try Self.recover(names, in: directory)
      let generation = 1 + (names.compactMap { Int($0.prefix { $0 != "-" }) }.max() ?? 0)
      let start = "\(directory)/\(generation)-"
      do throws(JournalError) {
        (lanes, outages) = try Self.begin(start, lanes: count, ringBytes ?? LaneJournal.ringBytes)
        failure = nil
      } catch {
        (lanes, outages, failure) = ([], [:], error)
        let begun = (try? Self.names(in: directory)) ?? []
        for name in begun where !names.contains(name) { unlink("\(directory)/\(name)") }
      }
    } catch {
      close(lock)
      throw error
    }
  }

  deinit { close(lock) }

  private static func begin(
    _ start: String, lanes count: Int, _ ringBytes: Int
  ) throws(JournalError) -> ([LaneJournal], [StackID: OutageMark]) {
    var lanes: [LaneJournal] = []
    for lane in 0..<count {
      let stem = "\(start)lane-\(lane)"
      lanes.append(
        try LaneJournal(inFlight: stem + ".inflight", suspects: stem + ".suspects", ringBytes: ringBytes))
    }
    var outages: [StackID: OutageMark] = [:]
    for stack in StackID.allCases {
      outages[stack] = try OutageMark(path: "\(start)\(stack.name).outage")
    }
    return (lanes, outages)
  }

  /// What was recovered is in the lanes' own journals now, if they have any.
  public func wasTakenOver() {
    guard failure == nil else { return }
    for path in earlier { unlink(path) }
  }

  /// The files of earlier starts: `3-lane-0.suspects`, `3-new.outage`.
  private static func names(in directory: String) throws(JournalError) -> [String] {
    guard let stream = opendir(directory) else { throw .system("read the directory '\(directory)'") }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      let kinds = [".inflight", ".suspects", ".outage", ".new"]
      if kinds.contains(where: name.hasSuffix) { names.append(name) }
    }
    return names.sorted()
  }

  private static func recover(_ names: [String], in directory: String) throws(JournalError) -> Recovered {
    var recovered = Recovered()
    // Logs first: a log can say that a key is right again, a ring only that it is not.
    for name in names where name.hasSuffix(".suspects") {
      var one = Recovered()
      SuspectLog.read(try contents(of: "\(directory)/\(name)"), into: &one)
      recovered.keys.merge(one.keys) { $0.union($1) }
      recovered.everything.formUnion(one.everything)
    }
    for stack in StackID.allCases {
      for name in names where name.hasSuffix("-\(stack.name).outage") {
        if OutageMark.isSet(in: try contents(of: "\(directory)/\(name)")) {
          recovered.everything.insert(stack)
        }
      }
    }
    for name in names where name.hasSuffix(".inflight") {
      let bytes = try contents(of: "\(directory)/\(name)")
      let ring = (bytes.count - LaneJournal.prefaceBytes) / 2
      // A file of another make, or one that was never finished: no write was let through while it was not.
      guard ring > InFlightRing.headerBytes, bytes.starts(with: LaneJournal.magic) else { continue }
      for stack in StackID.allCases {
        if let client = ConnectionMark.read(stack, in: bytes.span) {
          recovered.clients[stack, default: []].append(client)
        }
      }
      for (index, primary) in [StackID.legacy, .new].enumerated() {
        let start = LaneJournal.prefaceBytes + index * ring
        let part = bytes.span.extracting(start..<start + ring)
        if let keys = InFlightRing.keys(in: part, capacity: ring - InFlightRing.headerBytes) {
          recovered.keys[primary.other, default: []].formUnion(keys)
        } else {
          recovered.everything.insert(primary.other)
        }
      }
    }
    return recovered
  }

  private static func contents(of path: String) throws(JournalError) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .system("open '\(path)'") }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .system("read '\(path)'") }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        read(file, $0.baseAddress.map { $0 + filled }, $0.count - filled)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .system("read '\(path)'") }
      filled += count
    }
    return bytes
  }
}
