/// What stands between a client's commands and the stacks: nearly always nothing, and then nobody looks at the parts.
///
/// A refusal that others depend on is a mode, so that nothing of what belongs to it is carried out (law 8): the commands behind a
/// `MULTI`, and those behind a `SELECT` of another database.
struct SessionMode: Equatable {
  enum Access: Equatable {
    /// The password has not been said.
    case locked
    case open
    /// Another database than the one that is served was asked for: what follows is meant for that one.
    case astray
  }

  /// `MULTI`: commands are queued here (`TransactionQueue`), and leave as one block with `EXEC`.
  enum Transaction: Equatable {
    case none
    case queueing(commands: Int)
    /// One of the commands was wrong by itself: Redis would refuse the transaction as well.
    case spoiled(commands: Int)
  }

  /// `CLIENT REPLY` (https://redis.io/docs/latest/commands/client-reply/).
  enum Replies: Equatable {
    case on, off
    /// `SKIP` has just been said: the next command gets no reply.
    case skipNext
    /// This one gets none.
    case skip
  }

  static let plain = SessionMode(isLocked: false)

  private(set) var access: Access
  private(set) var transaction = Transaction.none
  private(set) var replies = Replies.on

  init(isLocked: Bool) { access = isLocked ? .locked : .open }

  /// Whether the command at hand gets no reply.
  var isMuted: Bool { replies == .off || replies == .skip }

  /// As `CLIENT LIST` says it: how many commands are queued, -1 outside of a transaction.
  var queued: Int {
    switch transaction {
    case .none: -1
    case .queueing(let commands), .spoiled(let commands): commands
    }
  }

  // MARK: What happens

  mutating func passwordSaid() { if access == .locked { access = .open } }

  mutating func selected(isServed: Bool) { access = isServed ? .open : .astray }

  mutating func began() { transaction = .queueing(commands: 0) }

  mutating func commandQueued() {
    switch transaction {
    case .none: break
    case .queueing(let commands): transaction = .queueing(commands: commands &+ 1)
    case .spoiled(let commands): transaction = .spoiled(commands: commands &+ 1)
    }
  }

  mutating func commandWasWrong() { transaction = .spoiled(commands: max(0, queued)) }

  mutating func ended() { transaction = .none }

  mutating func repliesWanted(_ wanted: Replies) {
    // What is skipped is skipped out of many that are wanted.
    if wanted == .skipNext, replies == .off { return }
    replies = wanted
  }

  /// One command is through.
  mutating func commandEnded() {
    switch replies {
    case .on, .off: break
    case .skipNext: replies = .skip
    case .skip: replies = .on
    }
  }

  /// `RESET`. Redis forgets everything but that this command's reply was to be skipped.
  mutating func reset(isLocked: Bool) {
    let isSkipped = replies == .skip
    self = SessionMode(isLocked: isLocked)
    if isSkipped { replies = .skip }
  }
}
