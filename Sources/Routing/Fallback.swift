/// What legacy does for new's cohort while new cannot be reached.
public enum Fallback: UInt8, Sendable, CaseIterable {
  /// Nothing: commands on these keys fail with an error that names new.
  case off
  /// It answers reads; writes fail with an error that names new.
  case reads
  /// It answers everything. What new misses is suspect there.
  case readsAndWrites

  /// The word for it in the configuration and in the status.
  public var name: String {
    switch self {
    case .off: "off"
    case .reads: "reads"
    case .readsAndWrites: "reads_and_writes"
    }
  }
}
