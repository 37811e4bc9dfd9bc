import SluiceCommands

/// Redis's own words for what a user may not do, which differ by version (seen on 6.2.5, 7.0.15, 8.2.3 and Valkey 9.1.2).
public struct AccessWords: Sendable {
  private enum Edition { case of62, of70, later }

  private let edition: Edition

  /// - Parameter version: as `INFO` tells it; what is none counts as 7.0.
  public init(version: some Sequence<UInt8>) {
    let parts = String(decoding: Array(version), as: UTF8.self).split(separator: ".").prefix(2).map {
      Int($0) ?? 0
    }
    let (major, minor) = (parts.first ?? 7, parts.count > 1 ? parts[1] : 0)
    edition = major < 7 ? .of62 : major == 7 && minor < 2 ? .of70 : .later
  }

  /// The error without `-` and CRLF.
  public func noPermission(_ denial: Permit.Denial, user: String, command: String) -> String {
    switch (denial, edition) {
    case (.command, .of62):
      let name = command.prefix { $0 != "|" }.lowercased()
      return "NOPERM this user has no permissions to run the '\(name)' command or its subcommand"
    case (.command, .of70):
      return "NOPERM this user has no permissions to run the '\(command.lowercased())' command"
    case (.command, .later):
      return "NOPERM User \(user) has no permissions to run the '\(command.lowercased())' command"
    case (.key, .later): return "NOPERM No permissions to access a key"
    case (.key, _): return "NOPERM this user has no permissions to access one of the keys used as arguments"
    }
  }

  /// The same as `ACL DRYRUN` tells it, which 6.2 does not have.
  ///
  /// - Parameter key: the key that is not the user's.
  public func dryRun(_ denial: Permit.Denial, user: String, command: String, key: String) -> String {
    let who = edition == .later ? "User \(user)" : "This user"
    return switch denial {
    case .command: "\(who) has no permissions to run the '\(command.lowercased())' command"
    case .key: "\(who) has no permissions to access the '\(key)' key"
    }
  }

  /// A transaction whose commands were allowed when they were queued, and are not any more.
  public static func changedSince(_ words: String) -> String {
    "EXECABORT ACLs rules changed between the moment the transaction was accumulated and the EXEC call: \(words)"
  }
}
