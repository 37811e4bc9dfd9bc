/// Exact counts of what the proxy refused, by command and reason.
///
/// Bounded: both come from our tables, never from a client, and beyond `limit` pairs the rest is counted under one of them.
public struct RefusalCounts: Sendable {
  /// Which command, and why.
  public struct Place: Hashable, Sendable {
    /// The command's number, as in ``LaneFigures``.
    public let command: UInt16
    /// One word: `transaction`, `cross_stack`.
    public let reason: String

    public init(command: UInt16, reason: String) {
      self.command = command
      self.reason = reason
    }
  }

  /// Who asked: what a client said of itself, and where it is. Empty where nothing is known.
  public struct Client: Sendable, Equatable {
    /// As of `CLIENT SETNAME`.
    public var name: String
    /// As of `CLIENT SETINFO`: `redis-py 5.0.8`.
    public var library: String
    public var address: String

    public init(name: String, library: String, address: String) {
      self.name = name
      self.library = library
      self.address = address
    }
  }

  /// How often, the first and the last time in milliseconds since 1970, and the client of the last time.
  public struct Tally: Sendable, Equatable {
    public var count: UInt64
    public var firstAt: Int64
    public var lastAt: Int64
    public var client: Client

    public init(count: UInt64, firstAt: Int64, lastAt: Int64, client: Client) {
      self.count = count
      self.firstAt = firstAt
      self.lastAt = lastAt
      self.client = client
    }

    mutating func merge(_ other: Tally) {
      count &+= other.count
      firstAt = min(firstAt, other.firstAt)
      if other.lastAt >= lastAt { (lastAt, client) = (other.lastAt, other.client) }
    }
  }

  /// Pairs that are told apart.
  public static let limit = 512
  /// What all others are counted under.
  public static let others = Place(command: .max, reason: "other")

  private var tallies: [Place: Tally] = [:]

  /// Nothing counted yet.
  public init() {}

  /// Counts one refusal.
  ///
  /// - Parameter now: milliseconds since 1970.
  public mutating func record(_ place: Place, at now: Int64, client: Client) {
    add(Tally(count: 1, firstAt: now, lastAt: now, client: client), to: place)
  }

  /// All refusals.
  public var total: UInt64 { tallies.values.reduce(0) { $0 &+ $1.count } }

  public var isEmpty: Bool { tallies.isEmpty }

  /// Every pair that was counted, the most frequent first.
  public var ranked: [(place: Place, tally: Tally)] {
    tallies.map { (place: $0.key, tally: $0.value) }.sorted {
      ($1.tally.count, $0.place.command, $0.place.reason) < (
        $0.tally.count, $1.place.command, $1.place.reason
      )
    }
  }

  /// Adds what another one counted.
  public mutating func merge(_ other: RefusalCounts) {
    if tallies.isEmpty {
      tallies = other.tallies
    } else {
      for (place, tally) in other.tallies { add(tally, to: place) }
    }
  }

  private mutating func add(_ tally: Tally, to place: Place) {
    let isKnown = tallies[place]?.merge(tally) != nil
    guard !isKnown else { return }
    if tallies.count < Self.limit {
      tallies[place] = tally
    } else if tallies[Self.others]?.merge(tally) == nil {
      tallies[Self.others] = tally
    }
  }
}
