/// The service's own commands.
public enum CommandNames {
  public static let names = ["serve", "migrate"]
}
