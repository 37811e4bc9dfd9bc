import SluiceRouting

/// The keys of a stack that are doubtful without anybody knowing them one by one: those that it mirrored, in a routing that was in force.
///
/// What the stack answers for itself is right, whatever it has missed as a mirror, and is not thrown away (law 11). A walk over the stack
/// (`ShareWalk`) makes each of these keys a suspect like any other, which is repaired by copying it; a command on one that the walk has
/// not come to makes it one at once.
struct DoubtfulShare {
  private let stack: StackID
  private let routing: RoutingSnapshot
  /// Keys that were repaired meanwhile, by their hashes. Of as many as it has room for: what is forgotten is repaired once more.
  private var settled: Set<Int> = []
  /// Of another key with the same hash nobody can tell; with 64 bits of a keyed hash there is none.
  private static let mostSettled = 1 << 20

  init(of stack: StackID, in routing: RoutingSnapshot) {
    self.stack = stack
    self.routing = routing
  }

  /// Whether these are the keys that the stack mirrors in a routing.
  func isOf(_ routing: RoutingSnapshot) -> Bool { self.routing.movesNothing(comparedTo: routing) }

  func covers(_ key: [UInt8]) -> Bool {
    routing.primary(of: key.span) != stack && !settled.contains(key.hashValue)
  }

  /// The key is right, or a suspect by name.
  mutating func settle(_ key: [UInt8]) {
    if settled.count >= Self.mostSettled { settled = [] }
    settled.insert(key.hashValue)
  }
}
