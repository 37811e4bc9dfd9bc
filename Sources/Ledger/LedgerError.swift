/// Why a ledger could not be opened or read.
public struct LedgerError: Error, CustomStringConvertible, Sendable {
  /// What went wrong.
  public enum Code: Sendable {
    /// The file could not be made or opened, or is locked by another process.
    case cannotOpen
    /// Another proxy writes into the file.
    case inUse
    /// The file is no SQLite database, or a database of something else.
    case notALedger
    /// The file was written by a newer version of Sluice.
    case newerVersion
    /// The file was made by migrations that differ from those of this version, or must be migrated first.
    case otherMigrations
    /// SQLite refused a statement.
    case failed
  }

  public let code: Code
  /// Path of the file.
  public let path: String
  /// One sentence: what is wrong and what to do.
  public let message: String

  public var description: String { "ledger \(path): \(message)" }
}
