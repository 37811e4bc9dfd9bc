/// One SQL file of this folder, compiled into the binary so that it runs from anywhere.
public struct Migration: Sendable {
  /// Position in the order of application, from 1 and without gaps.
  public let number: Int
  /// What the file name says after its number.
  public let name: String
  /// The bytes of the file, UTF-8. Once released they never change: a ledger remembers their checksum.
  public let sql: [UInt8]

  /// A migration. The released ones are ``all``.
  public init(number: Int, name: String, sql: [UInt8]) {
    self.number = number
    self.name = name
    self.sql = sql
  }

  /// Every migration, in order.
  public static var all: [Migration] {
    [
      Migration(number: 1, name: "ledger", sql: PackageResources._001_ledger_sql),
      Migration(
        number: 2, name: "groups_suspects_fences",
        sql: PackageResources._002_groups_suspects_fences_sql),
      Migration(number: 3, name: "benchmarks", sql: PackageResources._003_benchmarks_sql),
      Migration(number: 4, name: "trouble", sql: PackageResources._004_trouble_sql),
      Migration(number: 5, name: "refusals", sql: PackageResources._005_refusals_sql),
      Migration(number: 6, name: "evidence", sql: PackageResources._006_evidence_sql),
      Migration(number: 7, name: "holds", sql: PackageResources._007_holds_sql),
      Migration(
        number: 8, name: "servers_and_copies", sql: PackageResources._008_servers_and_copies_sql),
      Migration(
        number: 9, name: "served_and_closed", sql: PackageResources._009_served_and_closed_sql),
      Migration(number: 10, name: "what_is_left", sql: PackageResources._010_what_is_left_sql),
      Migration(number: 11, name: "names_and_plan", sql: PackageResources._011_names_and_plan_sql),
      Migration(number: 12, name: "outbox", sql: PackageResources._012_outbox_sql),
      Migration(number: 13, name: "rolled_back", sql: PackageResources._013_rolled_back_sql),
      Migration(
        number: 14, name: "story_of_a_rollback", sql: PackageResources._014_story_of_a_rollback_sql),
    ]
  }
}
