import NIOCore

#if canImport(Glibc)
  import Glibc
#endif

/// TCP's own question whether the other machine is still there, on connections that say nothing.
public struct KeepAlive: Sendable {
  public let option: ChannelOptions.Types.SocketOption
  public let value: ChannelOptions.Types.SocketOption.Value

  /// Towards stacks: a machine that went away is known within a minute, and whatever stands between sees traffic.
  public static let stacks = timing(idle: 15, interval: 5, probes: 3)
  /// Towards clients: as Redis's `tcp-keepalive 300`.
  public static let clients = timing(idle: 300, interval: 100, probes: 3)

  /// Seconds of silence, seconds between questions, and how many of them go unanswered before the connection is closed.
  private static func timing(idle: Int, interval: Int, probes: Int) -> [KeepAlive] {
    [
      KeepAlive(option: .socketOption(.so_keepalive), value: 1),
      KeepAlive(option: .tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: idle),
      KeepAlive(option: .tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: interval),
      KeepAlive(option: .tcpOption(.init(rawValue: TCP_KEEPCNT)), value: probes),
    ]
  }
}
