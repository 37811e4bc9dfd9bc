/// The SQL files of this folder, compiled into the binary so that it runs from anywhere.
public struct Migration: Sendable {
  /// Position in the order of application, from 1 and without gaps.
  public let number: Int
  /// What the file name says after its number.
  public let name: String
  /// The bytes of the file, UTF-8.
  public let sql: [UInt8]

  /// Every migration, in order.
  public static var all: [Migration] {
    [Migration(number: 1, name: "ledger", sql: PackageResources._001_ledger_sql)]
  }
}
