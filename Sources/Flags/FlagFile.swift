import Glibc

/// Where the flags are: a file, or a directory that holds exactly one `*.json`.
public struct FlagFile: Sendable {
  /// As it was given.
  public let path: String
  /// The directory to watch, which also holds the rollback latch.
  ///
  /// A path that ends in `.json` names a file, whatever has come in its place: a latch that was set beside it must be found by the next
  /// start although there is a folder now.
  public let directory: String

  public init(path: String) {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    self.path = path
    let namesFolder = FileAccess.isDirectory(path) && !path.hasSuffix(".json")
    directory = namesFolder ? path : FileAccess.directory(of: path)
  }

  /// The file itself; looked for anew each time, because a directory's content may change.
  ///
  /// - Throws: code `unreadable`, when a directory holds no `*.json`, or several.
  public func resolve() throws(FlagError) -> String {
    guard FileAccess.isDirectory(path) else { return path }
    let names = try FileAccess.names(in: path).filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }
    guard let name = names.first, names.count == 1 else {
      let found = names.isEmpty ? "no *.json" : "several: \(names.joined(separator: ", "))"
      throw FlagError(
        .unreadable, "\(path) must hold exactly one *.json and holds \(found); name the file instead")
    }
    return "\(path)/\(name)"
  }

  /// The bytes of the file.
  ///
  /// - Throws: code `unreadable`.
  public func read() throws(FlagError) -> [UInt8] {
    try FileAccess.read(try resolve())
  }

  /// Reads and validates the file.
  ///
  /// - Throws: what is wrong with it. The caller keeps what is in force, which at start is everything on
  ///   legacy.
  public func load() throws(FlagError) -> FlagDefinition {
    try FlagDefinition(bytes: try read())
  }
}
