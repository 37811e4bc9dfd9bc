import Glibc

/// Says to the next start that a layered stack's endpoint was away while memory answered for it: what it holds is older than what
/// was acknowledged, and the list of keys that it must forget was in this process (docs/layers.md).
///
/// One byte that is there from the start, so that a full disk cannot keep it from being set.
public final class OutageMark: Sendable {
  private let file: Int32
  private let path: String

  init(path: String) throws(JournalError) {
    self.path = path
    file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw .system("open '\(path)'") }
    do throws(JournalError) { try write(0) } catch {
      close(file)
      throw error
    }
  }

  deinit { close(file) }

  /// Memory answers from here on. Made for a killed process, like the rest of the journal: it waits for no disk.
  public func set() throws(JournalError) { try write(1) }

  /// Everything that the endpoint must not serve is gone there.
  public func clear() throws(JournalError) { try write(0) }

  private func write(_ byte: UInt8) throws(JournalError) {
    var byte = byte
    guard pwrite(file, &byte, 1, 0) == 1 else { throw .system("write '\(path)'") }
  }
}
