/// The thread of a lane: what happens in the lane happens there, one behind the other.
///
/// Whoever drives the lane makes it: NIO's event loop in the proxy, an actor of one scheduler in the simulation. After everything that
/// it has run for the lane it carries out what the lane wants done (`Effect`).
package protocol Loop: AnyObject, Sendable {
  /// Nanoseconds of a clock that never goes back.
  var now: UInt64 { get }
  /// Whether the caller is on it.
  var isCurrent: Bool { get }

  /// Runs the work on the loop, behind everything that was given to it before. May be called on any thread.
  func execute(_ work: @escaping @Sendable () -> Void)
}

/// A socket, as the machine at its end knows it: its name in effects, and how much of what it was given is still on its way.
package protocol Socket: AnyObject {
  /// Bytes that were written and that our kernel has not taken.
  var unwritten: Int { get }
  /// Bytes that our kernel has and the other side's has not.
  var inKernel: Int { get }
  /// Bytes that have come and were not read.
  var unread: Int { get }
}

/// What a lane wants done outside. It is put down while the lane handles an event and carried out behind it, in the order in which it was
/// put down: nothing that happens outside finds a lane in the middle of something, and the order is law 5's.
package enum Effect {
  /// `Lane.endTurn` is to be called when all sockets of this turn have been read.
  case endTurn
  /// Bytes leave. Their storage goes back to the lane (`Lane.giveBack`).
  case write(any Socket, Bytes)
  /// Called when the kernel has taken all that was written before.
  case whenTaken(any Socket, () -> Void)
  /// Bytes that come are to be read, or are to stay with the kernel.
  case read(any Socket, Bool)
  case close(any Socket, Ending)
  /// A socket to a stack is to be opened, and its end told.
  case connect(StackEndpoint, any LinkEnd)
  /// To be called so many nanoseconds later, on this lane's loop.
  case arm(Int64, () -> Void)
  /// To be done on another lane's loop.
  case post(Lane, @Sendable () -> Void)
  case report(ProxyEvent)
  /// Clients were answered in this turn: whoever was given something to do may have our processor first.
  case yield

  package enum Ending {
    /// What was written leaves first.
    case orderly
    /// Our side says no more; the other side may.
    case half
    /// What was written and has not left need not.
    case now
    /// Nor may what the kernel holds arrive any more.
    case reset
  }
}

/// The machine at our end of a socket to a stack. Everything is said on the loop of its lane.
package protocol LinkEnd: AnyObject, Sendable {
  /// The socket is there.
  ///
  /// - Parameters:
  ///   - endpoint: with the password of this moment.
  ///   - isOpen: bytes may be said; otherwise TLS is being agreed upon, and `opened` follows.
  func reached(_ wire: any Socket, _ endpoint: StackEndpoint, isOpen: Bool)
  func opened()
  func read(_ bytes: Span<UInt8>)
  /// The socket is gone, or never came to be.
  ///
  /// - Parameter reason: why, as a part of a sentence.
  func closed(_ reason: String)
}

/// How TLS is spoken to a stack; what that takes is known outside.
public protocol LinkSecurity: Sendable {}

/// What a client's socket tells of the two machines.
package struct ClientPlace: Sendable {
  /// As Redis writes an address: `127.0.0.1:50000`, or a path; empty where there is none.
  package var remote: String
  package var local: String
  /// The client's address, for those who count; of an IPv6 address the network, because a host has as many as it likes.
  package var network: String
  package var isUnixSocket: Bool

  package init(
    remote: String = "", local: String = "", network: String = "a socket", isUnixSocket: Bool = false
  ) {
    (self.remote, self.local, self.network, self.isUnixSocket) = (remote, local, network, isUnixSocket)
  }
}

/// A password as it is kept.
public protocol KnownPassword: Sendable {
  /// To look whether one is right takes long, on purpose.
  var isSlow: Bool { get }
  func isRight(_ given: [UInt8]) -> Bool
  /// What tells two of them apart, and nothing else.
  var identity: [UInt8] { get }
}

/// Where passwords are looked at whose hashes take long.
package protocol PasswordLooks: Sendable {
  /// Looks, and tells on the loop.
  ///
  /// - Returns: what is known without waiting; nil if `done` will tell.
  func look(
    _ given: [UInt8], _ stored: [any KnownPassword], from address: String, on loop: any Loop,
    _ done: @escaping @Sendable (PasswordOutcome) -> Void
  ) -> PasswordOutcome?

  /// So many hexadecimal digits that nobody can guess.
  func randomHex(digits: Int) -> String
}

package enum PasswordOutcome: Sendable {
  case right, wrong
  /// Too many wait already, of this address or of all: nobody looks.
  case turnedAway
}
