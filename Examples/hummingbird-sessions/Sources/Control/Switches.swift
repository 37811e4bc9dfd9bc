/// The service's own switches.
public enum Switches {
  public static let isReadOnly = false
}
