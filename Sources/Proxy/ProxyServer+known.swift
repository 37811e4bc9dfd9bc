import SluiceCore
import SluiceFigures

extension ProxyServer {
  /// What is known to differ.
  ///
  /// - Parameter withList: one by one, too, which may be many.
  public func knownDivergences(withList: Bool) async -> KnownDivergences {
    var all = KnownDivergences()
    for lane in lanes {
      let answer = await ask(lane) {
        let known = $0.known
        return (
          list: withList ? known.list : [], count: known.count, unlisted: known.unlisted,
          version: known.version
        )
      }
      guard let known = answer else { continue }
      all.list += known.list
      all.open &+= known.count
      all.isLeast = all.isLeast || known.unlisted > 0
      all.version &+= known.version
    }
    return all
  }

  /// Closes them all: somebody answers for it.
  public func closeDivergences(because reason: String) async {
    await onEachLane { $0.known.close(because: reason) }
  }

  /// What is meant to differ from now on.
  public func mean(_ closings: [Closing]) async {
    await onEachLane { $0.known.mean(closings) }
  }

  /// What was closed is open again.
  public func openDivergences() async {
    await onEachLane { $0.known.open() }
  }

  /// Those of an earlier run are known again.
  ///
  /// - Parameter unlisted: so many more there were, of which nothing else is known.
  public func recallDivergences(
    _ list: [OpenDivergences.Entry], unlisted: UInt64, closings: [Closing]
  ) async {
    await onEachLane { lane in
      lane.known.mean(closings)
      for entry in list where lane.owner(of: entry.key.span) === lane { lane.known.recall(entry) }
      if lane.index == 0 { lane.known.recall(unlisted: unlisted) }
    }
  }

  /// Another account of evidence begins.
  public func beginAccount() async {
    await onEachLane { $0.guards.beginAccount() }
  }
}
