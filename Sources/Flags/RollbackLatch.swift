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

  /// Whether the file exists, in whatever form. When that cannot be found out, it counts as set: legacy is
  /// the safe side.
  public var isSet: Bool {
    var status = stat()
    if lstat(path, &status) == 0 { return true }
    return errno != ENOENT && errno != ENOTDIR
  }

  /// What stands in the file, at most 1,000 characters; nil when there is no readable file.
  public var note: String? {
    guard let bytes = try? FileAccess.read(path) else { return nil }
    return String(String(decoding: bytes, as: UTF8.self).prefix(1000))
  }

  /// Sets the latch so that it is there after a restart. On a full disk an empty file does.
  ///
  /// - Throws: code `unwritable`. The rollback itself needs no file and must be in force before this is
  ///   called.
  public func set(reason: String, who: String) throws(FlagError) {
    let time = Date().formatted(.iso8601)
    let note = "time: \(time)\nwho: \(oneLine(who))\nreason: \(oneLine(reason))\n"
    do throws(FlagError) {
      try FileAccess.replace(path, with: Array(note.utf8))
    } catch {
      let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw error }
      fsync(descriptor)
      close(descriptor)
      FileAccess.syncDirectory(FileAccess.directory(of: path))
    }
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
    guard code == ENOENT else {
      throw FlagError(
        .unwritable, "\(path) cannot be removed: \(FileAccess.message(code)); remove it by hand")
    }
  }

  private func oneLine(_ text: String) -> String {
    String(text.prefix(500).map { $0.isNewline ? " " : $0 })
  }
}
