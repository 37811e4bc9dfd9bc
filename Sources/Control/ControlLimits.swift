/// How large a command of the control port may be.
public enum ControlLimits {
  /// Bytes of one word; a key that is longer cannot be named there.
  public static let wordBytes = 1 << 20
  /// Words of one command.
  public static let words = 65_536
  /// Bytes of one command.
  public static let commandBytes = 4 << 20
}
