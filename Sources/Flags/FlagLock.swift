import Glibc

/// The right to change the flag file: one order at a time, of all proxies that share the file.
///
/// Held on the file itself, as far as its file system keeps locks; where it does not, the last check before the write remains
/// (`FlagWriter.commit`). It ends with the process, and is never waited for.
public final class FlagLock: Sendable {
  private let descriptor: Int32

  /// Nil if somebody else has it.
  public init?(_ file: FlagFile) {
    guard let path = try? file.resolve() else {
      descriptor = -1
      return
    }
    for _ in 0..<3 {
      let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard opened >= 0 else { break }
      guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
        let isTaken = errno == EWOULDBLOCK
        close(opened)
        if isTaken { return nil }
        break
      }
      // Another file may have come in its place since it was opened.
      var (mine, there) = (stat(), stat())
      if fstat(opened, &mine) == 0, stat(path, &there) == 0, mine.st_ino == there.st_ino {
        descriptor = opened
        return
      }
      close(opened)
    }
    descriptor = -1
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}
