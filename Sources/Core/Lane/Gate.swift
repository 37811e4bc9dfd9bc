import SluiceRouting

/// Whether a command with one key may go straight on to its primary: nearly every one may, and asks nothing else.
///
/// Whoever puts something in its way, or takes it away, says so here in the same moment; what is to be done about it is the careful way's
/// (`Lane+request.swift`).
struct Gate {
  struct Obstacles: OptionSet {
    let rawValue: UInt8

    /// Keys change sides, or somebody has the lane for itself.
    static let fence = Obstacles(rawValue: 1)
    /// Keys are just being brought from legacy for clients that missed them.
    static let fill = Obstacles(rawValue: 2)
    /// Some keys may not be written just now.
    static let readOnly = Obstacles(rawValue: 4)
    /// The stack cannot be used.
    static let down = Obstacles(rawValue: 8)
    /// The stack may hold keys wrongly.
    static let suspects = Obstacles(rawValue: 16)
    /// A law is broken on purpose, on the careful way.
    static let brokenLaw = Obstacles(rawValue: 32)
  }

  private var legacy: Obstacles = .down
  private var new: Obstacles = .down

  @inline(__always)
  func isOpen(to stack: StackID) -> Bool { (stack == .legacy ? legacy : new).isEmpty }

  /// What is in the way to both stacks.
  func has(_ obstacle: Obstacles) -> Bool { legacy.contains(obstacle) && new.contains(obstacle) }

  mutating func set(_ obstacle: Obstacles, _ isThere: Bool) {
    set(obstacle, isThere, to: .legacy)
    set(obstacle, isThere, to: .new)
  }

  mutating func set(_ obstacle: Obstacles, _ isThere: Bool, to stack: StackID) {
    if stack == .legacy {
      if isThere { legacy.insert(obstacle) } else { legacy.remove(obstacle) }
    } else {
      if isThere { new.insert(obstacle) } else { new.remove(obstacle) }
    }
  }
}
