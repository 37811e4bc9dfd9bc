/// The service's own routes.
public enum Routes {
  public static let sessions = "/sessions/:id"
}
