import NIOCore
import NIOPosix

/// A stack's password that may change while the proxy runs: asked for at each hand-shake, so that a rotation needs no restart.
public final class PasswordSource: Sendable, Equatable {
  private let read: @Sendable () -> String?

  /// - Parameter read: the password of this moment, or the last that was good; nil if there never was one. Called on a thread that
  ///   may wait for a disk.
  public init(_ read: @escaping @Sendable () -> String?) { self.read = read }

  /// Asks for it, and goes on with it on the loop.
  public func read(on loop: EventLoop, _ next: @escaping (String?) -> Void) {
    NIOThreadPool.singleton.runIfActive(eventLoop: loop) { [read] in read() }.assumeIsolated()
      .whenComplete { next((try? $0.get()) ?? nil) }
  }

  public static func == (left: PasswordSource, right: PasswordSource) -> Bool { left === right }
}

extension StackEndpoint {
  /// Goes on with the endpoint as it is now.
  func withPassword(on loop: EventLoop, _ next: @escaping (StackEndpoint) -> Void) {
    guard let passwords else { return next(self) }
    passwords.read(on: loop) { password in
      var endpoint = self
      endpoint.password = password ?? endpoint.password
      next(endpoint)
    }
  }
}
