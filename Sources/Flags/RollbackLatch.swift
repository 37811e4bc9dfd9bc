import Foundation
import Glibc

/// The rollback that outlives the process: a file named `ROLLBACK` beside the flag file.
///
/// Its existence is all that counts; what stands in it is for people. `touch flags/ROLLBACK` is a rollback.
/// Its disappearance lifts nothing in a running proxy: only a re-arm does.
public struct RollbackLatch: Sendable {
  public let path: String

  public init(directory: String) {
    path = "\(directory)/ROLLBACK"
  }

  /// Which file it is: another one, or the same one touched, is another order. What cannot be looked at is always the same.
  public struct Mark: Sendable, Equatable {
    /// Number, time of the last change, length.
    public let words: [UInt64]

    public init(words: [UInt64]) { self.words = words }

    fileprivate init(_ status: stat) {
      words = [
        UInt64(status.st_ino), UInt64(bitPattern: Int64(status.st_mtim.tv_sec)),
        UInt64(bitPattern: Int64(status.st_mtim.tv_nsec)), UInt64(bitPattern: Int64(status.st_size)),
      ]
    }
  }

  /// Whether the file exists, in whatever form. When that cannot be found out, it counts as set: legacy is
  /// the safe side.
  public var isSet: Bool { mark != nil }

  /// Which file it is; nil if there is none.
  public var mark: Mark? {
    var status = stat()
    if lstat(path, &status) == 0 { return Mark(status) }
    return errno != ENOENT && errno != ENOTDIR ? Mark(words: []) : nil
  }

  /// What stands in the file, at most 1,000 characters; nil when there is no readable file.
  public var note: String? {
    guard let bytes = try? FileAccess.read(path) else { return nil }
    return String(String(decoding: bytes, as: UTF8.self).prefix(1000))
  }

  /// Sets the latch so that it is there after a restart. A file that is there already stays as it is, and on a full disk an
  /// empty one does.
  ///
  /// The file itself comes first and all by itself: whoever kills the process in the middle leaves a latch that is set.
  ///
  /// - Throws: code `unwritable`: there is no file. The rollback itself needs none.
  public func set(reason: String, who: String) throws(FlagError) {
    try set(RollbackLatch.note(reason: reason, who: who))
  }

  /// What `set` writes, for one who wants to lose no time between saying that it begins and the file.
  public static func note(reason: String, who: String) -> [UInt8] {
    let time = Date().formatted(.iso8601)
    return Array("time: \(time)\nwho: \(oneLine(who))\nreason: \(oneLine(reason))\n".utf8)
  }

  /// The same with a note that is ready.
  ///
  /// - Parameters:
  ///   - isOrder: somebody wants it now: whoever has lifted the file that is there must see another one. Its words stay.
  ///   - lifted: a file that a re-arm here has lifted and left for others. It is written anew.
  /// - Throws: code `unwritable`.
  public func set(_ note: [UInt8], isOrder: Bool = false, insteadOf lifted: Mark? = nil) throws(FlagError) {
    let isStale = lifted != nil && mark == lifted
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (isStale ? O_TRUNC : O_EXCL), 0o644)
    guard descriptor >= 0 else {
      let code = errno
      guard code != EEXIST else {
        if isOrder { utimensat(AT_FDCWD, path, nil, AT_SYMLINK_NOFOLLOW) }
        return
      }
      throw FlagError(
        .unwritable, "\(path) cannot be written: \(FileAccess.message(code)); check space and permissions")
    }
    // In one piece; what is missing in the end is a note for people.
    _ = note.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    fsync(descriptor)
    close(descriptor)
    FileAccess.syncDirectory(FileAccess.directory(of: path))
  }

  /// Removes the file; nothing happens when there is none.
  ///
  /// - Throws: code `unwritable`. The latch then comes back with the next start.
  public func clear() throws(FlagError) {
    guard unlink(path) != 0 else {
      FileAccess.syncDirectory(FileAccess.directory(of: path))
      return
    }
    let code = errno
    // A read-only file system says so before it looks whether there is anything to remove.
    guard isSet else { return }
    throw FlagError(
      .unwritable, "\(path) cannot be removed: \(FileAccess.message(code)); remove it by hand")
  }

  static func oneLine(_ text: String) -> String {
    String(text.prefix(500).map { $0.isNewline ? " " : $0 })
  }
}
