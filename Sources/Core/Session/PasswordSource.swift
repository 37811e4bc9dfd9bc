/// A stack's password that may change while the proxy runs: asked for at each hand-shake, so that a rotation needs no restart.
public final class PasswordSource: Sendable, Equatable {
  public let read: @Sendable () -> String?

  /// - Parameter read: the password of this moment, or the last that was good; nil if there never was one. Called on a thread that
  ///   may wait for a disk.
  public init(_ read: @escaping @Sendable () -> String?) { self.read = read }

  public static func == (left: PasswordSource, right: PasswordSource) -> Bool { left === right }
}
