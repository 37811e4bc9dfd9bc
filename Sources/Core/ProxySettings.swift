import SluiceCopying
import SluiceRESP
import SluiceRouting
import SluiceScripts

/// What the data plane needs to know at its start. Times are in nanoseconds, sizes in bytes.
public struct ProxySettings: Sendable {
  /// Loops, and lanes: at least 1.
  public var threads = 1
  public var limits = FrameLimits()
  /// Wait before the first and the longest wait between attempts to connect again.
  public var backoffInitial: Int64 = 50_000_000
  public var backoffMaximum: Int64 = 2_000_000_000
  /// How long nothing may pass on a link to a stack before it is asked whether anybody is there; 0 is never.
  public var idleQuestion: Int64 = 0
  /// Most commands and bytes that may be on their way to a mirror, per lane.
  public var mirrorCommands = 100_000
  public var mirrorBytes = 64 << 20
  /// Most keys of one lane that may be doubtful at a stack: more, and the stack as a whole is.
  public var suspects = 1_000_000
  /// Most bytes of commands that a fence may hold, per lane. Clients wait from the half of it on; what comes beyond it is refused.
  public var heldBytes = 64 << 20
  /// How far the two stacks may lie apart in time: for times to live, and for a key that expires while it is compared.
  public var ttlTolerance: Int64 = 1_000_000_000
  /// Most commands of one client that may be in flight; the client is not read meanwhile.
  public var pipeline = 1024
  /// Most bytes that may wait for one client; more cut it off.
  public var clientOutputBytes = 64 << 20
  /// How long a client may leave its replies unread before it is cut off.
  public var clientStall: Int64 = 30_000_000_000
  /// How long a client may leave a command unfinished before it is cut off.
  public var unfinishedCommand: Int64 = 60_000_000_000
  /// How long a client may say nothing before it is cut off; 0 is for ever.
  public var clientIdle: Int64 = 0
  public var maximumClients = 10_000
  /// How long a client may take for the hand-shake of TLS.
  public var tlsHandshake: Int64 = 10_000_000_000
  /// Most bytes that all clients together may hold: replies that wait for them, and commands that they have not finished.
  public var clientMemory = 1 << 30
  /// What legacy does for new's cohort while new cannot be reached. The lanes only keep for a moment what can be asked again
  /// there; who publishes the routings decides.
  public var fallback = Fallback.off
  /// How long commands wait for that decision, in nanoseconds.
  public var fallbackPatience: Int64 = 1_000_000_000
  /// The proxy's own password; nil lets everybody in.
  public var password: DoorPassword?
  /// Who may do what from the start on; `ProxyServer.takeUp` puts other rules in force.
  public var access = AccessList()
  /// How long a fence holds keys before it cuts off a stack that does not answer.
  public var fenceDeadline: Int64 = 250_000_000
  /// The same for a rollback, which waits for nobody.
  public var rollbackDeadline: Int64 = 20_000_000

  /// Whether a read that misses on new is answered from legacy, and the key brought over.
  public var warmOnMiss = false
  /// Whether a transaction with keys on both stacks is carried as one block on each of them, which is not atomic.
  public var splitsTransactions = false
  /// What is known of scripts that nobody could tell from outside.
  public var scriptRules = ScriptRules()

  /// How long a command waits for its key to come back from the other stack, in nanoseconds.
  public var copyHold: Int64 = 250_000_000
  /// How much of a value is read or written at a time.
  public var copyBounds = CopyBounds()

  /// Where time, chance and sockets come from.
  public var world = World.real

  public init() {}
}
