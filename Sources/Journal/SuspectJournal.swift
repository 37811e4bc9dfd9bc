import Glibc
import SluiceRouting

/// The directory in which a proxy keeps what must outlive it: per lane the writes in flight and the suspects, and what is in force.
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
    /// Stacks of which a list of doubtful keys is lost, or was not complete: what they mirrored may be wrong (`doubts`).
    public var unsure: Set<StackID> = []
    /// Its connections, whose last commands a server that hung may not have read yet.
    public var clients: [StackID: [StackClient]] = [:]
    /// What of it is missing or is not what was written, a sentence for people; nil if nothing is. Then `unsure` has the stacks
    /// that nobody can vouch for.
    public var damage: String?

    public init() {}

    public var isEmpty: Bool { everything.isEmpty && unsure.isEmpty && keys.values.allSatisfy(\.isEmpty) }
    public func count(_ stack: StackID) -> Int { keys[stack]?.count ?? 0 }

    /// What another file says as well.
    mutating func add(_ other: Recovered) {
      keys.merge(other.keys) { $0.union($1) }
      everything.formUnion(other.everything)
      unsure.formUnion(other.unsure)
    }
  }

  public let directory: String
  /// By lane; none if there is a `failure`.
  public let lanes: [LaneJournal]
  /// Why nothing of this run can be written down, as on a full disk; nil if it can. What was recovered holds all the same, and stays
  /// where it is for the next start.
  public let failure: JournalError?
  /// What is in force, for the next process; nil if that cannot be kept.
  public let inForce: InForceRecord?
  /// Why it cannot be kept.
  public let inForceFailure: JournalError?
  /// What was in force in the process before; nil if nobody can say.
  public let remembered: InForce?
  /// For stacks whose layers let memory answer.
  public let outages: [StackID: OutageMark]
  public let recovered: Recovered
  private let earlier: [String]
  private let lock: Int32

  /// What is known from elsewhere of the runs before, so that a journal that is gone is not taken for one that was never there.
  public struct Earlier: Sendable, Equatable {
    /// Whether there was a run that must have left something.
    public var hasRun: Bool
    /// The stacks of which, if that is damaged, every key is a suspect: those that were a mirror of anything when the last run ended.
    public var mirrors: Set<StackID>

    public init(hasRun: Bool = false, mirrors: Set<StackID> = Set(StackID.allCases)) {
      self.hasRun = hasRun
      self.mirrors = mirrors
    }
  }

  /// Opens the journal in `directory`, which is made if it is missing, for `lanes` lanes.
  ///
  /// - Throws: `JournalError` if it is in use by another process; or if it cannot be read or made and there was no run before. If
  ///   there was one, that is damage and a `failure`.
  public init(
    directory: String, lanes count: Int, ringBytes: Int? = nil, earlier known: Earlier = Earlier()
  ) throws(JournalError) {
    self.directory = directory
    let held: (lock: Int32, names: [String])
    do throws(JournalError) {
      held = try Self.hold(directory)
    } catch {
      guard !error.isInUse, known.hasRun else { throw error }
      var lost = Recovered()
      lost.damage = "\(error)"
      lost.unsure = known.mirrors
      (lock, lanes, outages, earlier, failure, recovered) = (-1, [], [:], [], error, lost)
      (inForce, inForceFailure, remembered) = (nil, error, nil)
      return
    }
    let names = held.names
    lock = held.lock
    (inForce, inForceFailure, remembered) = Self.remember(directory + "/in-force")
    // The manifests first: a start that is killed while it removes the rest has left nothing half.
    let manifests = names.filter { $0.hasSuffix(JournalGeneration.manifest) }
    earlier = (manifests + names.filter { !manifests.contains($0) }).map { "\(directory)/\($0)" }
    recovered = Self.recover(names, in: directory, known)
    let generation = 1 + (names.compactMap(Self.number).max() ?? 0)
    let start = "\(directory)/\(generation)-"
    do throws(JournalError) {
      (lanes, outages) = try Self.begin(start, lanes: count, ringBytes ?? LaneJournal.ringBytes)
      failure = nil
    } catch {
      (lanes, outages, failure) = ([], [:], error)
      let begun = (try? Self.names(in: directory)) ?? []
      for name in begun where !names.contains(name) { unlink("\(directory)/\(name)") }
    }
  }

  /// Makes the directory, takes its lock, and looks what is there.
  private static func hold(_ directory: String) throws(JournalError) -> (Int32, [String]) {
    if mkdir(directory, 0o700) != 0 {
      guard errno == EEXIST else { throw .system("make the directory '\(directory)'") }
      // Keys are nobody else's business; where it is not ours to say, its owner has said it.
      chmod(directory, 0o700)
    }
    let lock = open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw .system("open '\(directory)/lock'") }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      close(lock)
      throw JournalError("'\(directory)' is in use by another process", isInUse: true)
    }
    do throws(JournalError) { return (lock, try names(in: directory)) } catch {
      close(lock)
      throw error
    }
  }

  deinit { if lock >= 0 { close(lock) } }

  private static func remember(_ path: String) -> (InForceRecord?, JournalError?, InForce?) {
    do throws(JournalError) {
      let record = try InForceRecord(path: path)
      return (record, nil, record.recovered)
    } catch {
      return (nil, error, InForceRecord.left(at: path))
    }
  }

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
    try JournalGeneration.declare(start, lanes: count)
    return (lanes, outages)
  }

  /// What was recovered is in the lanes' own journals now, if they have any.
  public func wasTakenOver() {
    // What nobody can keep up to date any more would mislead the start after this one.
    if inForce == nil, remembered != nil { unlink(directory + "/in-force") }
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
      let kinds = [".inflight", ".suspects", ".outage", ".new", JournalGeneration.manifest]
      if kinds.contains(where: name.hasSuffix) { names.append(name) }
    }
    return names.sorted()
  }

  /// The start that made a file; nil if the name is none of ours.
  private static func number(_ name: String) -> Int? {
    Int(name.prefix { $0 != "-" }).flatMap { (0..<Int.max / 2).contains($0) ? $0 : nil }
  }

  private static func recover(_ names: [String], in directory: String, _ known: Earlier) -> Recovered {
    var recovered = Recovered()
    var isWhole = false
    let starts = Dictionary(grouping: names.filter { number($0) != nil }) { String($0.prefix { $0 != "-" }) }
    for (number, names) in starts.sorted(by: { $0.key < $1.key }) {
      switch JournalGeneration(number, names, in: directory).recover(into: &recovered) {
      case .whole: isWhole = true
      case .unfinished: break
      case .damaged(let fault): recovered.damage = recovered.damage ?? "'\(directory)': \(fault)"
      }
    }
    if !isWhole, recovered.damage == nil, known.hasRun {
      recovered.damage = "'\(directory)' has nothing of the run before this one"
    }
    if recovered.damage != nil { recovered.unsure.formUnion(known.mirrors) }
    return recovered
  }

  /// The stacks on which every key is doubtful, and those on which every key is that they mirrored.
  ///
  /// What a stack answers for itself is right, whatever it has missed as a mirror, and is not thrown away (law 11); unless a flip has made it
  /// the primary of keys that it had missed as a mirror, and they were not repaired yet.
  ///
  /// - Parameter routing: what was in force when the journal was written; nil if nobody can say.
  public func doubts(in routing: RoutingSnapshot?) -> (everything: Set<StackID>, mirrored: Set<StackID>) {
    guard let routing, let strayed = remembered?.strayed else {
      return (recovered.everything.union(recovered.unsure), [])
    }
    // Who was the mirror, the routing knows better than whoever has told of the runs before.
    let unsure = recovered.damage == nil ? recovered.unsure : Set(StackID.allCases)
    return (
      recovered.everything.union(unsure.intersection(strayed)),
      unsure.subtracting(strayed).subtracting(recovered.everything).filter { routing.keyspaceOwner != $0 }
    )
  }

  /// What of this run's files is not where it was put any more; nil if all is. The next start would find too little, and doubt
  /// every key.
  public var missing: String? {
    guard lock >= 0, failure == nil else { return nil }
    var held = stat()
    var there = stat()
    guard fstat(lock, &held) == 0, stat(directory + "/lock", &there) == 0, held.st_ino == there.st_ino else {
      return "'\(directory)' was removed or replaced"
    }
    return lanes.lazy.compactMap(\.missing).first
  }
}
