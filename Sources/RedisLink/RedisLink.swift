import NIOCore
import NIOPosix
import SluiceRedis

/// One connection to a Redis for any number of tasks: commands go out as they come, many are out at once, and each is answered by its
/// reply, its deadline or its cancellation, whichever is first.
///
/// ```
///   ask ── inbox ──▶ loop: LinkQueue ── one buffer, one flush ──▶ Redis
///    ▲                                                              │
///    └── continuation ◀── LinkCall ◀── LinkQueue ◀── LinkHandler ◀──┘
/// ```
///
/// Connects when it is first asked, and again when it is asked after a loss. A read that a broken connection swallowed is asked once
/// more; a write is not.
public final class RedisLink: Sendable {
  private let core: LinkCore

  /// A link that is not connected yet.
  public init(
    _ settings: LinkSettings, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
  ) {
    core = LinkCore(settings, loop: group.next())
  }

  deinit { core.end() }

  /// Whether there is a connection.
  public var isUp: Bool { core.isUp.load(ordering: .acquiring) }

  /// Asks, and waits for the answer.
  ///
  /// - Parameter isCancellable: whether the task's cancellation ends the waiting, at once. What has left may come to pass all the same.
  /// - Returns: the replies, errors of the server among them, or why there are none.
  public func ask(
    _ command: LinkCommand, isCancellable: Bool = true
  ) async -> Result<LinkReplies, RedisError> {
    if isCancellable, Task.isCancelled { return LinkCall.cancelled }
    let call = LinkCall(command)
    core.submit(call)
    let answer = await call.answer(isCancellable: isCancellable)
    // Who asks keeps the link.
    return withExtendedLifetime(self) { answer }
  }

  /// Lets go of the connection once what is out is answered.
  public func disconnect() async { await core.disconnect() }
}
