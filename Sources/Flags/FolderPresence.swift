import Glibc
import SluiceLocks

/// Whether others look at the same folder: each holds a shared lock on it, which asks for no permission but that to read, and ends
/// with its process.
///
/// On file systems that keep no such locks, and between machines, everybody seems to be alone.
final class FolderPresence: Sendable {
  private let path: String
  private struct State {
    var folder: Int32 = -1
    var hasLeft = false
  }

  private let state = Mutex(State())

  /// `F_OFD_GETLK` and `F_OFD_SETLK`, which glibc keeps behind `_GNU_SOURCE`: locks of an open file, not of a process.
  private static let (getLock, setLock): (Int32, Int32) = (36, 37)

  init(_ path: String) {
    self.path = path
    hold()
  }

  deinit { leave() }

  /// Looks at the folder no longer.
  func leave() {
    state.withLock { state in
      if state.folder >= 0 { close(state.folder) }
      state = State(hasLeft: true)
    }
  }

  /// Takes the lock; again, when another folder has come in the place of the one before.
  func hold() {
    state.withLock { state in
      var (held, there) = (stat(), stat())
      guard !state.hasLeft else { return }
      if state.folder >= 0, fstat(state.folder, &held) == 0, stat(path, &there) == 0,
        held.st_ino == there.st_ino, held.st_dev == there.st_dev
      {
        return
      }
      if state.folder >= 0 { close(state.folder) }
      state.folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      var lock = flock()
      lock.l_type = Int16(F_RDLCK)
      if state.folder >= 0 { _ = fcntl(state.folder, Self.setLock, &lock) }
    }
  }

  /// Whether somebody else holds it.
  var isShared: Bool {
    hold()
    return state.withLock { state in
      var lock = flock()
      lock.l_type = Int16(F_WRLCK)
      return state.folder >= 0 && fcntl(state.folder, Self.getLock, &lock) == 0
        && lock.l_type != Int16(F_UNLCK)
    }
  }
}
