import Glibc
import SluiceLocks
import SluiceRouting

/// What is in force, in memory that is mapped to a file beside the journal, so that it is still there when the process is not.
///
///     a change ──▶ the other state of the file ──▶ its number and checksum      (stores; no disk is waited for)
///
/// All its room is taken at the start, and its length is looked at before each change: a full disk, or a file that somebody has cut
/// off, is an error in words and no signal. Made for a killed process, like the rest of the journal; `tend` brings it to the disk.
public final class InForceRecord: Sendable {
  private struct State {
    var file: MappedFile
    var image: InForceImage
    var failure: JournalError?
    var isDirty = false
  }

  public let path: String
  /// What the process before has left; nil if none was here.
  public let recovered: InForce?
  /// What was wrong with what it has left, for people; nil if nothing was.
  public let damage: String?
  private let room: Int
  private let state: Mutex<State>

  /// Opens the record, or begins one. A file that cannot be read as one is put aside, as `….damaged`.
  ///
  /// - Throws: `JournalError` if there is no room, or if it is the file of another version.
  init(path: String, room: Int = InForceImage.bytes) throws(JournalError) {
    self.path = path
    self.room = room
    let (image, damage) = try Self.look(at: path)
    if damage != nil, rename(path, path + ".damaged") != 0 { throw .system("put '\(path)' aside") }
    let file = try MappedFile(path: path, bytes: room, beginsWith: InForceImage.magic)
    recovered = image?.value
    self.damage = damage
    state = Mutex(State(file: file, image: image ?? InForceImage()))
  }

  /// What the process before has left, where there may be no room for a record of this one; nil if there is nothing.
  static func left(at path: String) -> InForce? { (try? look(at: path))?.image?.value }

  private static func look(at path: String) throws(JournalError) -> (image: InForceImage?, damage: String?) {
    guard let bytes = try MappedFile.contents(of: path, atMost: InForceImage.bytes) else { return (nil, nil) }
    if let image = InForceImage(bytes) { return (image, nil) }
    let isWhole = bytes.count >= InForceImage.bytes
    if bytes.starts(with: InForceImage.name), !bytes.starts(with: InForceImage.magic) {
      throw JournalError("'\(path)' is of another version of Sluice; move it away to begin anew")
    }
    // One that was begun and never written to says nothing, and nothing is wrong with it.
    if isWhole, bytes.starts(with: InForceImage.magic),
      bytes.dropFirst(InForceImage.block).allSatisfy({ $0 == 0 })
    {
      return (nil, nil)
    }
    return (nil, "'\(path)' is damaged\(isWhole ? "" : ", \(bytes.count) bytes long")")
  }

  /// What the next process would find.
  public var value: InForce { state.withLock { $0.image.value } }

  /// Why the next process would not find it; nil if it would.
  public var failure: JournalError? { state.withLock { $0.failure } }

  /// Changes what the next process finds; it stands there when this returns.
  public func change(_ change: (inout InForce) -> Void) {
    state.withLock { state in
      var value = state.image.value
      change(&value)
      guard value != state.image.value || state.image.number == 0 else { return }
      // Whoever changes something does not wait for a place that fails; `tend` tries it again.
      if state.failure != nil { state.image.forget(value) } else { store(value, &state) }
    }
  }

  /// From now on these stacks, and no others, are not told of writes.
  public func leaveOut(_ stacks: Set<StackID>) {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    let now = Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    change { $0.leaveOut(stacks, at: now) }
  }

  /// Whether a stack must be emptied before it answers for anything.
  public func doubt(_ stack: StackID, _ isDoubtful: Bool) {
    change { value in
      if isDoubtful { value.doubted.insert(stack) } else { value.doubted.remove(stack) }
    }
  }

  /// Whether a stack may hold a doubtful key of which it is the primary.
  public func stray(_ stack: StackID, _ hasStrays: Bool) {
    change { value in
      if hasStrays { value.strayed.insert(stack) } else { value.strayed.remove(stack) }
    }
  }

  /// Looks whether the file is still the one at its place, begins it anew if it is not, and brings what has changed to the disk, for a
  /// machine that stops. May take as long as a disk does; called about once a second, from where nobody waits.
  public func tend() {
    // Looked at outside of the lock: whoever changes something does not wait for a disk that hangs.
    let (mapped, hasFailed) = state.withLock { ($0.file, $0.failure != nil) }
    if hasFailed || !mapped.isWhole || !mapped.isAt(path) {
      state.withLock { store($0.image.value, &$0, anew: true) }
    }
    let file = state.withLock { state -> Int32? in
      defer { state.isDirty = false }
      return state.isDirty ? state.file.duplicate() : nil
    }
    guard let file else { return }
    fdatasync(file)
    close(file)
  }

  private func store(_ value: InForce, _ state: inout State, anew: Bool = false) {
    if anew || !state.file.isWhole {
      do throws(JournalError) {
        let place = path + ".new"
        let fresh = try MappedFile(path: place, bytes: room, beginsWith: InForceImage.magic, isNew: true)
        var image = InForceImage()
        image.replace(by: value, in: fresh.start)
        // Whole before it is at its place: whoever starts meanwhile finds this one, or what was there before.
        guard rename(place, path) == 0 else { throw .system("put '\(path)' in its place") }
        (state.file, state.image, state.failure, state.isDirty) = (fresh, image, nil, true)
        return
      } catch {
        state.image.forget(value)
        state.failure = error
        return
      }
    }
    state.failure = nil
    state.isDirty = true
    state.image.replace(by: value, in: state.file.start)
  }
}

/// A file of a certain length, all of whose room is taken, as memory.
///
/// Owned by a record, which touches the memory under its lock alone; that is the proof behind `@unchecked Sendable`.
private final class MappedFile: @unchecked Sendable {
  let start: UnsafeMutableRawPointer
  private let bytes: Int
  private let file: Int32

  /// - Parameter isNew: what is there is no file of ours, and goes.
  init(path: String, bytes: Int, beginsWith magic: [UInt8], isNew: Bool = false) throws(JournalError) {
    if isNew { unlink(path) }
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .system("open '\(path)'") }
    var before = stat()
    let isNew = fstat(file, &before) == 0 && before.st_size == 0
    // All of it now: a disk that is full later must not take a page from under us. Where it is taken already this does nothing.
    let error = posix_fallocate(file, 0, off_t(bytes))
    guard error == 0 else {
      close(file)
      if isNew { unlink(path) }
      throw JournalError(
        "cannot reserve \(bytes >> 10) KiB for '\(path)': \(String(cString: strerror(error)))")
    }
    guard let map = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), map != MAP_FAILED else {
      let reason = JournalError.system("map '\(path)'")
      close(file)
      throw reason
    }
    magic.withUnsafeBytes {
      map.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(map), byteCount: $0.count)
    }
    (start, self.bytes, self.file) = (map, bytes, file)
  }

  deinit {
    munmap(start, bytes)
    close(file)
  }

  /// Whether nobody has cut it off: then every byte of the memory is there.
  var isWhole: Bool {
    var own = stat()
    return fstat(file, &own) == 0 && own.st_size >= off_t(bytes)
  }

  /// Whether the next process would open it there.
  func isAt(_ path: String) -> Bool {
    var (own, there) = (stat(), stat())
    return fstat(file, &own) == 0 && stat(path, &there) == 0 && own.st_ino == there.st_ino
      && own.st_dev == there.st_dev
  }

  func duplicate() -> Int32? {
    let copy = fcntl(file, F_DUPFD_CLOEXEC, 0)
    return copy >= 0 ? copy : nil
  }

  /// Nil if there is none.
  static func contents(of path: String, atMost limit: Int) throws(JournalError) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      if errno == ENOENT { return nil }
      throw .system("open '\(path)'")
    }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: limit)
    var filled = 0
    while filled < limit {
      let count = bytes.withUnsafeMutableBytes {
        read(file, $0.baseAddress.map { $0 + filled }, $0.count - filled)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw .system("read '\(path)'") }
      if count == 0 { break }
      filled += count
    }
    return Array(bytes.prefix(filled))
  }
}
