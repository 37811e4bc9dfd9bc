import Foundation

/// A folder for the files of one run, removed when this object is released.
public final class ScratchFolder: Sendable {
  /// Its absolute path.
  public let path: String

  /// Makes a folder with a name of its own among the temporary files.
  public init() throws(ProcessError) {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)").path
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw ProcessError("cannot make the folder \(path): \(error.localizedDescription)")
    }
  }

  deinit { remove() }

  /// Removes the folder and what is in it.
  public func remove() {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Writes a file and returns its path.
  public func write(_ name: String, _ text: String) throws(ProcessError) -> String {
    let file = "\(path)/\(name)"
    do {
      try text.write(toFile: file, atomically: true, encoding: .utf8)
    } catch {
      throw ProcessError("cannot write \(file): \(error.localizedDescription)")
    }
    return file
  }
}
