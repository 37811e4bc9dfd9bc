import Dispatch
import NIOCore

#if canImport(Glibc)
  import Glibc
#endif

/// Who is at the other end of a unix socket, by the kernel's word.
public enum PeerUser {
  /// Looks, and tells on the channel's loop: the name of the proxy's own user at once, the number of another one, and then the name that it
  /// has. A directory of users that does not answer makes nobody wait.
  public static func look(at channel: any Channel, _ found: @escaping (String) -> Void) {
    guard let options = channel as? any SocketOptionProvider else { return }
    let loop = channel.eventLoop
    let asked: EventLoopFuture<Credentials> = options.unsafeGetSocketOption(
      level: .socket, name: .init(rawValue: SO_PEERCRED))
    let told = NIOLoopBound(found, eventLoop: loop)
    asked.hop(to: loop).whenSuccess { peer in
      if peer.user == own.user, let name = own.name { return told.value(name) }
      told.value("uid \(peer.user)")
      names.async {
        guard let name = Self.name(of: peer.user) else { return }
        loop.execute { told.value(name) }
      }
    }
  }

  /// The kernel's `struct ucred`.
  private struct Credentials: Sendable {
    var process: Int32
    var user: UInt32
    var group: UInt32
  }

  /// Whose process this is; looked up once, by whoever comes first.
  private static let own = (user: geteuid(), name: name(of: geteuid()))
  private static let names = DispatchQueue(label: "sluice.users")

  /// The name of a user of this machine; nil if it has none.
  static func name(of user: uid_t) -> String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    // Large enough for all that is usual; who has more keeps the number.
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16 << 10) { buffer in
      guard let base = buffer.baseAddress, getpwuid_r(user, &entry, base, buffer.count, &found) == 0,
        let name = found?.pointee.pw_name
      else { return nil }
      return String(cString: name)
    }
  }
}
