import SluiceRESP

/// How a failover behind one address is followed: the link itself stays until a new connection has reached another server, so a stack that is
/// read only, or loads, for long costs a question now and then and no connection.
extension StackConnection {
  /// The stack has answered with an error to what was no script.
  func heardError(_ reply: Span<UInt8>) {
    if ErrorWord.isAboutRole(reply) { elsewhere.hinted(at: lane.now) }
  }

  /// Everything that was read is acted upon.
  func turnEnded() {
    switch elsewhere.step {
    case .settled, .asking: break
    case .wanted: ask()
    case .leaving: if pending.isEmpty { leave() }
    }
  }

  private func ask() {
    guard isUp, !isClosing else {
      elsewhere.step = .settled
      return
    }
    let settings = lane.settings
    let probe = StackProbe(endpoint, on: lane) { [weak self] in self?.probed($0) }
    elsewhere.asks(probe, at: lane.now, initial: settings.backoffInitial, maximum: settings.backoffMaximum)
    lane.want(.connect(endpoint, probe))
  }

  /// - Parameter greeting: of whom a new connection reaches; nil if it reaches nobody who takes commands.
  private func probed(_ greeting: Handshake.Greeting?) {
    elsewhere.probe = nil
    guard elsewhere.step == .asking else { return }
    elsewhere.step = .settled
    guard isUp, let greeting else { return }
    // A server that does not tell its run may be another one.
    if let run = greeting.server, run == server { return }
    lane.turnBegan()
    elsewhere.leaves(at: lane.now, initial: lane.settings.backoffInitial)
    change(to: .down(StackConnection.movedOn))
    if pending.isEmpty { leave() }
  }

  private func leave() {
    elsewhere.step = .settled
    cut(StackConnection.movedOn, kind: .unreachable)
  }

  private static let movedOn = "has another server behind its address now, and is connected anew"
}
