import Glibc
import SluiceRouting

/// What of one lane outlives the process: the writes in flight, and the suspects (design, law 7).
///
///     write leaves for its primary ──▶ record ──▶ ring (mapped memory)
///     its effect is acknowledged, or its keys are suspects ──▶ retire
///     a key becomes a suspect, or is none any more ──▶ suspect / cleared ──▶ log (a file, one write per turn)
///     end of the turn ──▶ commit: first the log, then the ring's tail, so that no key is in neither
///
/// Confined to its lane's loop; that is the proof behind `@unchecked Sendable`.
public final class LaneJournal: @unchecked Sendable {
  /// Bytes of the records of one stack's writes in flight.
  static let ringBytes = 4 << 20
  static let magic = Array("SLUICE in flight 2\n".utf8)
  static let oldMagic = Array("SLUICE in flight 1\n".utf8)
  /// Bytes before the rings: who wrote the file.
  static let prefaceBytes = 4096
  /// Where the preface says how long the log was when it was last written: one that is shorter has been cut. Behind the
  /// `ConnectionMark`s.
  private static let loggedOffset = 512

  private let inFlight: String
  private let suspects: String
  private let map: UnsafeMutableRawPointer
  private let mapBytes: Int
  private var legacy: InFlightRing
  private var new: InFlightRing
  private var log: SuspectLog
  /// Why the log cannot be written at the moment; nil while it can.
  public private(set) var failure: JournalError?

  init(inFlight: String, suspects: String, ringBytes: Int = LaneJournal.ringBytes) throws(JournalError) {
    self.inFlight = inFlight
    self.suspects = suspects
    mapBytes = Self.prefaceBytes + 2 * InFlightRing.bytes(capacity: ringBytes)
    let file = open(inFlight, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .system("open '\(inFlight)'") }
    defer { close(file) }
    // All of it now: a disk that is full later must not take a page from under us.
    let error = posix_fallocate(file, 0, off_t(mapBytes))
    guard error == 0 else {
      throw JournalError(
        "cannot reserve \(mapBytes >> 20) MiB for '\(inFlight)': \(String(cString: strerror(error)))")
    }
    guard let map = mmap(nil, mapBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), map != MAP_FAILED else {
      throw .system("map '\(inFlight)'")
    }
    self.map = map
    Self.magic.withUnsafeBytes {
      map.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(map), byteCount: $0.count)
    }
    let first = map + Self.prefaceBytes
    legacy = InFlightRing(at: first, capacity: ringBytes)
    new = InFlightRing(at: first + InFlightRing.bytes(capacity: ringBytes), capacity: ringBytes)
    do {
      log = try SuspectLog(path: suspects)
    } catch {
      munmap(map, mapBytes)
      throw error
    }
  }

  deinit {
    log.closeFile()
    munmap(map, mapBytes)
  }

  /// The lane has a connection to a stack; the next start tells the server to forget it.
  public func connected(to stack: StackID, _ client: StackClient) {
    ConnectionMark(stack, in: map).store(client)
  }

  // MARK: Writes in flight

  /// A write of `key` leaves for `primary`. The result is what `retire` takes when the mirror has taken its effect too.
  public func record(_ key: Span<UInt8>, primary: StackID) -> UInt32 {
    primary == .legacy ? legacy.record(key) : new.record(key)
  }

  /// A write whose keys nobody can tell leaves for `primary`.
  public func recordUnknown(primary: StackID) -> UInt32 {
    primary == .legacy ? legacy.lose() : new.lose()
  }

  /// The write that `record` gave `position` is through, and with it all that were recorded before it.
  public func retire(_ position: UInt32, primary: StackID) {
    if primary == .legacy { legacy.retire(position) } else { new.retire(position) }
  }

  /// No write whose primary is `primary` is in flight anywhere.
  public func retireAll(primary: StackID) {
    if primary == .legacy { legacy.retireAll() } else { new.retireAll() }
  }

  // MARK: Suspects

  /// `key` is doubtful on `stack`.
  public func suspect(_ key: [UInt8], on stack: StackID) { log.append(.suspect, stack, key) }

  /// `stack` has taken a copy, or the deletion, of `key`.
  public func cleared(_ key: [UInt8], on stack: StackID) { log.append(.cleared, stack, key) }

  /// Everything is doubtful on `stack`.
  public func suspectEverything(on stack: StackID) { log.append(.everything, stack) }

  /// What `stack` mirrors is doubtful, and nobody knows which keys of it.
  public func suspectMirrored(on stack: StackID) { log.append(.mirrored, stack) }

  /// All of that is known key by key now.
  public func clearedMirrored(on stack: StackID) { log.append(.mirroredCleared, stack) }

  /// Nothing is doubtful on `stack` any more.
  public func clearedAll(on stack: StackID) { log.append(.allCleared, stack) }

  /// Bytes of the log; a long one is worth a `rewrite`.
  public var logBytes: Int { log.bytes }

  /// A file of this lane that is gone or cut; nil if both are there. From any thread.
  var missing: String? {
    for path in [inFlight, suspects] where access(path, F_OK) != 0 { return "'\(path)' was removed" }
    var status = stat()
    return stat(inFlight, &status) == 0 && status.st_size < mapBytes ? "'\(inFlight)' was cut" : nil
  }

  static func logged(in file: Span<UInt8>) -> UInt64? {
    guard file.count >= prefaceBytes else { return nil }
    return file.bytes.unsafeLoadUnaligned(fromByteOffset: loggedOffset, as: UInt64.self)
  }

  private func note(logged bytes: Int) {
    map.storeBytes(of: UInt64(bytes), toByteOffset: Self.loggedOffset, as: UInt64.self)
  }

  /// Ends a turn.
  public func commit() {
    if !log.isCommitted {
      do {
        try log.commit()
        note(logged: log.bytes)
        failure = nil
      } catch {
        failure = error
        // The log lacks a suspect: whoever starts after a crash must doubt everything on its stack.
        if log.unwritten.contains(.new) { _ = legacy.lose() } else { legacy.commit() }
        if log.unwritten.contains(.legacy) { _ = new.lose() } else { new.commit() }
        return
      }
    }
    legacy.commit()
    new.commit()
  }

  /// Writes the log anew with only these.
  public func rewrite(
    _ marks: [(stack: StackID, key: [UInt8])], everything: [StackID], mirrored: [StackID] = []
  ) {
    // Killed between the two, it is shorter than it was, and rightly so.
    note(logged: 0)
    defer { note(logged: log.bytes) }
    do {
      try log.rewrite(marks, everything: everything, mirrored: mirrored)
      failure = nil
    } catch {
      failure = error
    }
  }
}
