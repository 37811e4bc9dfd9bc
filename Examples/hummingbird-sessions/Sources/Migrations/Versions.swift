/// The service's own migrations.
public enum Versions {
  public static let latest = 3
}
