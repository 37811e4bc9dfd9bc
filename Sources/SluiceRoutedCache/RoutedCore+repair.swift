import SluiceCache
import SluiceFigures
import SluiceRouting

/// What is done about doubt, and the operations that concern all keys.
extension RoutedCore {
  // MARK: Doubt

  /// Counts a suspect that was made.
  func doubt(_ insertion: RoutedSuspects.Insertion, _ stack: StackID) {
    switch insertion {
    case .known: break
    case .new: figures.withLock { $0.suspects[stack].made &+= 1 }
    case .everything:
      figures.withLock { $0.suspects[stack].wholeStack &+= 1 }
      logger.error(
        "nothing is known about stack \(stack.name) any more: its keys are repaired one by one as they are asked for"
      )
    }
  }

  /// The stack is right about the key again.
  func repaired(_ key: String, _ stack: StackID) {
    if suspects.remove(key, on: stack) { figures.withLock { $0.suspects[stack].repaired &+= 1 } }
  }

  // MARK: Repairs

  /// Copies the key from the other stack, or deletes it where that one does not know it either. The caller has the key's turn.
  /// True if the key is no suspect (any more).
  func repair(_ key: String, on stack: StackID) async -> Bool {
    guard suspects.contains(key, on: stack) else { return true }
    guard await log.drained(key, nil, within: options.fenceDeadline) else { return false }
    let source = stack.other
    var effect = Effect.remove
    // A rollback needs no answer of new: where nothing is known about legacy, as behind stage complete, legacy is emptied key by key.
    let isForgotten = stack == .legacy && isRolledBack && suspects.count(on: stack) == .max
    if !isForgotten, !suspects.contains(key, on: source) {
      effect = (try? await copy(of: key, from: source)) ?? .remove
    }
    guard await apply(effect, key, stack).isCertain else { return false }
    repaired(key, stack)
    return true
  }

  /// What makes another stack have the key as this one has it. The time to live is asked for first: of a key that expires between the
  /// two questions there would be none, and its copy would live on.
  func copy(of key: String, from source: StackID) async throws(CacheError) -> Effect {
    let ttl = await cache(source).remainingTTL(of: key)
    return try await cache(source).storedValue(for: key).map { .set($0, ttl: ttl) } ?? .remove
  }

  /// Repairs some of the suspects of both stacks.
  func repairSome() async {
    guard routing.mirrorsWrites else { return }
    for stack in StackID.allCases {
      for key in suspects.some(options.repairsPerSecond, on: stack) {
        await log.take(key)
        let goesOn = await repairQuietly(key, on: stack)
        log.give(key)
        // A stack is away, or busy with what it has: the others would fare no better.
        if !goesOn { break }
      }
    }
  }

  /// A repair that nobody waits for. On a mirror it goes through the key's log, so that no writer waits for the mirror, and it deletes
  /// nothing because the primary is away.
  private func repairQuietly(_ key: String, on stack: StackID) async -> Bool {
    guard suspects.contains(key, on: stack) else { return true }
    guard log.isDrained(key, nil) else { return false }
    let primary = routing.primary(of: key.utf8.span)
    guard primary != stack, !suspects.contains(key, on: primary) else { return await repair(key, on: stack) }
    let effect: Effect
    do throws(CacheError) {
      effect = try await copy(of: key, from: primary)
    } catch {
      return false
    }
    let mark = log.turn(key)
    return log.append(
      KeyLog.Entry(stack: stack, isWrite: true) { [self] in
        let isCertain = await apply(effect, key, stack).isCertain
        // A write that came after the copy may have failed to reach the mirror: then it is in doubt as before.
        if isCertain, log.turn(key) == mark { repaired(key, stack) }
      }, for: key)
  }

  // MARK: All keys

  /// Removes the keys of a pattern from every stack that is fed, while all keys are held (law 1).
  ///
  /// - Returns: how many there were on the stacks that answer, or why none of those could be asked. One that could not be is in doubt as a
  ///   whole, so that nothing of before is served.
  func invalidate(_ pattern: String) async -> Result<Int, CacheError> {
    await log.takeAll()
    defer { log.giveAll() }
    if await !log.drained(nil, nil, within: options.fenceDeadline) {
      // What still waits there would bring keys back behind the invalidation.
      for stack in StackID.allCases where log.queued(stack) > 0 {
        doubt(suspects.insertEverything(on: stack), stack)
      }
    }
    let routing = routing
    let stage = routing.effectiveStage
    // Half an invalidation would leave on one stack what the other has lost.
    let primaries: [StackID] =
      switch stage {
      case .off, .complete: []
      case .dualwrite, .shadow: [.legacy]
      case .live: StackID.allCases
      case .rampdown: [.new]
      }
    let places = primaries.map { journal?.began(nil, primary: $0) }
    defer { for place in places { journal?.ended(place) } }
    var counts: [StackID: Result<Int, CacheError>] = [:]
    for stack in StackID.allCases
    where stage.mirrorsWrites || stack == (stage == .complete ? .new : .legacy) {
      do throws(CacheError) {
        let count = try await counted(stack, .invalidate) {
          await reporting(cache(stack)).removeAll(matching: pattern)
        }.get()
        // Of a cache that gives no reasons an invalidation that reached nobody looks like one that found nothing.
        _ = try await cache(stack).storedValue(for: "sluice:probe")
        counts[stack] = .success(count)
      } catch {
        counts[stack] = .failure(error)
        failed(.unreachable, stack, .invalidate)
        doubt(suspects.insertEverything(on: stack), stack)
      }
    }
    // The stack that is left out has missed it: what it has is not copied to suspects of the other.
    if let leftOut = stage.leftOut, suspects.count(on: leftOut.other) > 0 {
      doubt(suspects.insertEverything(on: leftOut), leftOut)
    }
    let answering: [StackID] =
      switch stage {
      case .off, .dualwrite, .shadow: [.legacy]
      case .live: StackID.allCases
      case .rampdown, .complete: [.new]
      }
    let asked = answering.compactMap { counts[$0] }
    if let most = asked.compactMap({ try? $0.get() }).max() { return .success(most) }
    return asked.first ?? .success(0)
  }

  func disconnect() async {
    await cache(.legacy).disconnect()
    await cache(.new).disconnect()
  }

  /// Waits until the mirror has heard everything.
  func settled(within limit: Duration) async -> Bool { await log.settled(within: limit) }
}
