import SluiceLocks

/// The wrong passwords that were tried at one door: counted, and slowed down.
///
/// The answer to a wrong one is withheld, each time for longer, by what its connection and its address have
/// tried. Who does not wait for it and comes by many connections gains little: of one address so many wrong
/// ones are looked at in a second, and what is tried beyond waits for its turn. A right password is answered
/// at once, unless its own address is guessing that fast.
public final class PasswordGuesses: Sendable {
  /// What became of an attempt before anybody has looked at it.
  public enum Turn: Equatable, Sendable {
    case now
    /// In so many nanoseconds; then `waited` is to be said.
    case after(Int64)
    /// Not at all: too many of the address wait already.
    case turnedAway
  }

  public struct Figures: Equatable, Sendable {
    /// Passwords that were looked at and were wrong.
    public var wrong: UInt64 = 0
    /// Attempts that nobody looked at.
    public var turnedAway: UInt64 = 0
    /// Where the last of either came from; empty before the first.
    public var lastFrom = ""
    /// When, in nanoseconds since 1970.
    public var lastAt: Int64 = 0

    public var total: UInt64 { wrong &+ turnedAway }
  }

  /// What is remembered of an address.
  private struct Address {
    /// Wrong ones of late; one is forgiven every `forgiveness`.
    var wrong = 0
    var lastWrong: UInt64 = 0
    /// Until when its looks are used up: each wrong one takes `lookTime`.
    var usedUntil: UInt64 = 0
  }

  private struct State {
    var addresses: [String: Address] = [:]
    var figures = Figures()

    mutating func note(_ address: String, _ count: (inout Figures) -> Void) {
      count(&figures)
      figures.lastFrom = address
      figures.lastAt = WallClock.now()
    }
  }

  private let state = Mutex(State())

  public init() {}

  public var figures: Figures { state.withLock { $0.figures } }

  /// May a password that came from `address` be looked at? `now` is in nanoseconds of a clock that only goes
  /// on.
  public func turn(of address: String, now: UInt64) -> Turn {
    state.withLock { state in
      guard var known = state.addresses[address], known.usedUntil > now &+ Self.allowance else { return .now }
      let wait = known.usedUntil - now - Self.allowance
      guard wait <= Self.longestWait else {
        state.note(address) { $0.turnedAway &+= 1 }
        return .turnedAway
      }
      known.usedUntil += Self.lookTime
      state.addresses[address] = known
      return .after(Int64(wait))
    }
  }

  /// The turn of somebody who had to wait has come, and the password was right: the time of the look is given
  /// back.
  public func waited(_ address: String) {
    state.withLock { state in
      guard let known = state.addresses[address]?.usedUntil, known >= Self.lookTime else { return }
      state.addresses[address]?.usedUntil = known - Self.lookTime
    }
  }

  /// A password was wrong: for how many nanoseconds its answer is withheld.
  ///
  /// - Parameters:
  ///   - tries: wrong ones on this connection, with this one.
  ///   - hasWaited: whether its look was accounted for by `turn`.
  public func wrong(from address: String, tries: Int, hasWaited: Bool, now: UInt64) -> Int64 {
    state.withLock { state in
      var known = state.addresses[address] ?? Address()
      let forgiven = now > known.lastWrong ? (now - known.lastWrong) / Self.forgiveness : 0
      known.wrong = max(0, known.wrong - Int(clamping: forgiven)) + 1
      known.lastWrong = now
      if !hasWaited { known.usedUntil = max(known.usedUntil, now) + Self.lookTime }
      if state.addresses[address] == nil, state.addresses.count >= Self.addressesKept {
        // The one that was quiet for longest has the least to be remembered for.
        let quietest = state.addresses.min { $0.value.lastWrong < $1.value.lastWrong }
        if let quietest { state.addresses[quietest.key] = nil }
      }
      state.addresses[address] = known
      state.note(address) { $0.wrong &+= 1 }
      return max(Self.pause(tries), Self.pause(known.wrong - Self.freeOfAddress))
    }
  }

  /// 50 ms, 100 ms, 200 ms … 5 s.
  private static func pause(_ tries: Int) -> Int64 {
    tries < 1 ? 0 : min(5_000_000_000, 50_000_000 << min(tries - 1, 7))
  }

  /// Clients that share an address and were given a wrong password do not slow each other down at once.
  private static let freeOfAddress = 5
  private static let forgiveness: UInt64 = 10_000_000_000
  private static let lookTime: UInt64 = 50_000_000
  private static let allowance: UInt64 = 1_000_000_000
  private static let longestWait: UInt64 = 5_000_000_000
  private static let addressesKept = 1024
}
