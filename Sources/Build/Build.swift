import CSluiceBuild

/// What this is a build of.
public enum Build {
  public static let version = SLUICE_VERSION

  /// The commit, shortened, with a `+` where files were changed beside it; `unknown` where nobody told the build.
  public static let revision = String(cString: sluice_revision())

  /// Debug builds check at run time what release builds leave out.
  public static var kind: String {
    #if DEBUG
      "debug"
    #else
      "release"
    #endif
  }

  private static var machine: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "another processor"
    #endif
  }

  /// `0.2.0 (revision 85df03b4c1d2, release, x86_64)`.
  public static var text: String { "\(version) (revision \(revision), \(kind), \(machine))" }
}
