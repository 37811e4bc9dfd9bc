import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// The file of a ledger as it was opened, and whether it is still what stands at its path.
///
/// SQLite does not notice: it writes on into a file that nobody will find again. So the file is looked at once a second.
///
/// Confined to whoever made it, the writer thread; the descriptor is open as long as SQLite's connection, because closing it
/// would let go of that one's locks.
final class LedgerPlace: @unchecked Sendable {
  let path: String
  private let file: Int32
  private let identity: stat
  /// Of the write-ahead log, once there is one.
  private var logInode: ino_t?
  /// Its size when no page was missing, and whether one was at the last look: a look that falls into somebody's checkpoint finds no
  /// fault.
  private var wholeSize: off_t = 0
  private var wasShort = false

  /// Why a ledger is not where it was.
  enum Loss: Equatable {
    /// The file is whole and somewhere else.
    case moved
    /// What happened to it, as a part of a sentence.
    case gone(String)
  }

  /// - Parameter isExclusive: take the file for this process alone: another one that asks for the same is refused.
  init(_ path: String, isExclusive: Bool) throws(LedgerError) {
    self.path = path
    file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    var status = stat()
    guard file >= 0, fstat(file, &status) == 0 else {
      let reason = String(cString: strerror(errno))
      if file >= 0 { Glibc.close(file) }
      throw LedgerError(
        code: .cannotOpen, path: path, message: "cannot be opened (\(reason)); check the disk")
    }
    identity = status
    // A lock of another kind than SQLite's: readers and `sluice bench` are none of its business.
    guard !isExclusive || flock(file, LOCK_EX | LOCK_NB) == 0 else {
      Glibc.close(file)
      throw LedgerError(
        code: .inUse, path: path,
        message: "is in use by another proxy; stop that one, or name another file by --ledger")
    }
  }

  /// Behind SQLite's connection.
  func close() { Glibc.close(file) }

  /// Nobody but the owner reads keys: a file that is new is made so, and one that is there becomes so, with what belongs to it.
  static func makePrivate(_ path: String) {
    // Only one that is new is opened, for closing one drops SQLite's locks on it in this process.
    let made = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if made >= 0 { Glibc.close(made) }
    for name in [path, path + "-wal", path + "-shm"] {
      var status = stat()
      guard stat(name, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0 else {
        continue
      }
      chmod(name, 0o600)
    }
  }

  /// What happened to the file since the last look; nil if it is there and looks like what was written.
  func loss() -> Loss? {
    var held = stat()
    guard fstat(file, &held) == 0 else { return nil }
    var there = stat()
    guard stat(path, &there) == 0 else {
      if errno != ENOENT, errno != ENOTDIR { return nil }
      return held.st_nlink > 0 ? .moved : .gone("was deleted")
    }
    guard there.st_ino == identity.st_ino, there.st_dev == identity.st_dev else {
      if there.st_mode & S_IFMT == S_IFDIR { return .gone("was replaced by a directory") }
      return held.st_nlink > 0 ? .moved : .gone("was replaced by another file")
    }
    if let fault = faultInside(size: held.st_size) { return .gone(fault) }
    var log = stat()
    let hasLog = stat(path + "-wal", &log) == 0
    if let logInode, !hasLog || log.st_ino != logInode {
      return .gone("has lost its write-ahead log")
    }
    if hasLog { logInode = log.st_ino }
    return nil
  }

  /// https://www.sqlite.org/fileformat.html, section 1.3: the magic, the size of a page, the number of pages.
  private func faultInside(size: off_t) -> String? {
    var head = [UInt8](repeating: 0, count: 100)
    let count = pread(file, &head, head.count, 0)
    if count < 0 { return nil }
    guard count == head.count else { return "was cut to \(size) bytes" }
    guard head.starts(with: Array("SQLite format 3\0".utf8)) else { return "was overwritten" }
    let page = Int64(head[16]) << 8 | Int64(head[17])
    let pages = (28..<32).reduce(Int64(0)) { $0 << 8 | Int64(head[$1]) }
    let isShort = Int64(size) < pages * (page == 1 ? 65_536 : page) && size < wholeSize
    defer {
      wasShort = isShort
      if !isShort { wholeSize = size }
    }
    return isShort && wasShort ? "was cut to \(size) bytes" : nil
  }

  /// Where the next ledger can be begun without touching what is there: the path itself, or the first of `path.2`, `path.3`, ….
  static func free(for path: String) -> String? {
    ([path] + (2..<100).map { "\(path).\($0)" }).first { candidate in
      var status = stat()
      return lstat(candidate, &status) != 0
    }
  }

  /// What a file that is gone has left at its path is nothing to anybody, and must not be taken for the new one's.
  static func removeLeftovers(of path: String) {
    for name in [path + "-wal", path + "-shm"] { unlink(name) }
  }
}
