import Foundation

/// The servers that tests run against: Debian's, and those of `scripts/install-servers`.
public enum ServerBinary: String, CaseIterable, Sendable {
  case redis62 = "redis-6.2"
  case redis70 = "redis-7.0"
  case redis82 = "redis-8.2"
  case valkey91 = "valkey-9.1"

  /// What to start: the name of a program, or where it is.
  public var path: String {
    guard self != .redis70 else { return "redis-server" }
    let place = "\(FileManager.default.currentDirectoryPath)/.build/servers/\(rawValue)"
    return FileManager.default.isExecutableFile(atPath: place)
      ? place : "\(rawValue): run scripts/install-servers"
  }
}
