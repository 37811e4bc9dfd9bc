import DequeModule
import SluiceRouting

/// Orders about single keys: a bounded number at a time, and none while a mirror has its hands full with the traffic.
extension Lane {
  /// One that waits for its turn.
  struct WaitingOrder {
    let order: KeyOrder
    let key: [UInt8]
    let since: UInt64
    let done: (KeyOutcome) -> Void
  }

  /// Takes an order about a key of this lane; `done` is called once, on this loop.
  func take(_ order: KeyOrder, _ key: [UInt8], done: @escaping (KeyOutcome) -> Void) {
    turnBegan()
    orders.append(WaitingOrder(order: order, key: key, since: now, done: done))
  }

  /// Begins what may begin. Called when orders came, when one has ended, and a few times a second.
  func goOnWithOrders() {
    // An order that ends at once calls this again: the loop below goes on by itself.
    guard !isStartingOrders else { return }
    isStartingOrders = true
    defer { isStartingOrders = false }
    while ordersUnderWay < Lane.maximumOrders, let next = orders.first {
      let refusal = refusal(of: next)
      guard refusal != nil || !isBusy else { return }
      orders.removeFirst()
      if let refusal {
        next.done(refusal)
      } else {
        start(next)
      }
    }
  }

  private func refusal(of order: WaitingOrder) -> KeyOutcome? {
    for connection in stacks where !connection.isUp { return .refused("\(connection.stack.name) is down") }
    if order.order != .check, !routing.mirrorsWrites {
      return .refused("stage \(routing.snapshot.effectiveStage.name) does not mirror writes")
    }
    if isLetAlone(order.key) {
      return .refused("it takes longer than timeouts.command; raise that, or leave it")
    }
    if isBusy, now &- order.since > Lane.patience { return .refused("the lane is busy; try again") }
    return nil
  }

  /// Whether what is not the traffic's own has to wait.
  var isBusy: Bool {
    isFenced
      || stacks.contains {
        $0.mirrorQueue > settings.mirrorCommands / 2 || $0.mirrorBytes > settings.mirrorBytes / 2
      }
  }

  private func start(_ order: WaitingOrder) {
    ordersUnderWay += 1
    let done: (KeyOutcome) -> Void = { outcome in
      self.ordersUnderWay -= 1
      order.done(self.looked(at: order.key, outcome))
      self.goOnWithOrders()
    }
    switch order.order {
    case .check: KeyCheck(about: order.key, in: self, done: done).start()
    case .repair: KeyCopy(of: order.key, isRepair: true, in: self, done: done).start()
    case .fill:
      switch routing.primary(of: order.key.span) {
      case .legacy: KeyCopy(of: order.key, isRepair: false, in: self, done: done).start()
      case .new: fill(order.key).add(done)
      }
    }
  }

  /// Few enough that a lane's traffic hardly feels them, enough for some ten thousand keys a second.
  static let maximumOrders = 64
  /// How long an order waits for its turn, in nanoseconds.
  static let patience: UInt64 = 10_000_000_000
}

extension Lane {
  /// `done` is called when the last one has ended.
  package func take(
    _ order: KeyOrder, _ part: [(index: Int, key: [UInt8])], done: @escaping ([(Int, KeyOutcome)]) -> Void
  ) {
    var outcomes: [(Int, KeyOutcome)] = []
    for (index, key) in part {
      take(order, key) { outcome in
        outcomes.append((index, outcome))
        if outcomes.count == part.count { done(outcomes) }
      }
    }
    goOnWithOrders()
  }
}
