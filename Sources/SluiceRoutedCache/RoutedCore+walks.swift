import SluiceCache
import SluiceFigures
import SluiceLocks
import SluiceRouting

/// Going through all keys: copying what new has never heard of, and looking whether both have the same.
extension RoutedCore {
  /// Copies to new what legacy has and new has not, by the laws of every other write: in the key's turn, at its place of the mirror's log.
  func warm(matching pattern: String, perSecond: Int) async throws(CacheError) -> RoutedCache.Warmed {
    guard routing.mirrorsWrites else { throw needsBoth("warm") }
    var result = RoutedCache.Warmed()
    let pace = Pace(perSecond: perSecond)
    try await walkable(.legacy, "warm").walk(matching: pattern) { keys throws(CacheError) in
      for key in keys {
        await pace.step()
        if Task.isCancelled { throw CacheError(.infrastructure, "the warm-up was cancelled") }
        result.seen += 1
        switch await warm(key) {
        case .copied: result.copied += 1
        case .known: result.known += 1
        case .gone: result.gone += 1
        case .failed(let error):
          result.failed += 1
          result.lastFailure = error
        }
      }
    }
    return result
  }

  private enum Outcome {
    case copied, known, gone
    case failed(CacheError)
  }

  private func warm(_ key: String) async -> Outcome {
    await log.take(key)
    defer { log.give(key) }
    do throws(CacheError) {
      // What new is known to be wrong about is repaired by whoever repairs suspects.
      guard !suspects.contains(key, on: .new), !suspects.contains(key, on: .legacy) else { return .known }
      guard await log.drained(key, nil, within: options.fenceDeadline) else {
        return .failed(CacheError(.infrastructure, "new has not heard yet of the last writes of a key"))
      }
      guard try await cache(.new).storedValue(for: key) == nil else { return .known }
      let effect = try await copy(of: key, from: .legacy)
      guard case .set = effect else { return .gone }
      let (answer, isCertain) = await counted(.new, .set, .mirror) { await apply(effect, key, .new) }
      guard isCertain else {
        doubt(suspects.insert(key, on: .new), .new)
        if case .failure(let error) = answer { return .failed(error) }
        return .failed(CacheError(.infrastructure, "new did not take a value"))
      }
      return .copied
    } catch {
      return .failed(error)
    }
  }

  /// What legacy has under a key that new missed, copied to new; nil if legacy has nothing, or may not say.
  func warmed(_ key: String) async -> CacheValue? {
    await log.take(key)
    defer { log.give(key) }
    guard routing.mirrorsWrites, routing.primary(of: key.utf8.span) == .new,
      !suspects.contains(key, on: .legacy), !suspects.contains(key, on: .new),
      await log.drained(key, nil, within: options.fenceDeadline)
    else { return nil }
    guard let effect = try? await copy(of: key, from: .legacy), case .set(let value, _) = effect else {
      return nil
    }
    guard await counted(.new, .set, .mirror, { await apply(effect, key, .new) }).isCertain else {
      doubt(suspects.insert(key, on: .new), .new)
      return nil
    }
    return value
  }

  /// Asks both stacks about every key that either has.
  ///
  /// - Parameter repairs: whether the stack that does not answer is made to have what the other one has.
  func verify(
    matching pattern: String, repairs: Bool, perSecond: Int
  ) async throws(CacheError) -> RoutedCache.Verified {
    if repairs, !routing.mirrorsWrites { throw needsBoth("repair") }
    var result = RoutedCache.Verified()
    let pace = Pace(perSecond: perSecond)
    for stack in StackID.allCases {
      try await walkable(stack, "verify").walk(matching: pattern) { keys throws(CacheError) in
        for key in keys {
          await pace.step()
          if Task.isCancelled { throw CacheError(.infrastructure, "the comparison was cancelled") }
          // What both have has been seen on the first walk.
          if stack == .new, (try? await cache(.legacy).storedValue(for: key)) ?? nil != nil { continue }
          try await verify(key, repairs: repairs, &result)
        }
      }
    }
    return result
  }

  private func verify(
    _ key: String, repairs: Bool, _ result: inout RoutedCache.Verified
  ) async throws(CacheError) {
    await log.take(key)
    defer { log.give(key) }
    guard await log.drained(key, nil, within: options.fenceDeadline) else {
      result.unknown += 1
      return
    }
    let began = ContinuousClock.now
    let legacy = try await cache(.legacy).storedValue(for: key)
    let new = try await cache(.new).storedValue(for: key)
    // It has expired, or was deleted, since it was found.
    if legacy == nil, new == nil { return }
    result.compared += 1
    switch AnswerComparison.verdict(
      legacy: .value(legacy), new: .value(new), apart: ContinuousClock.now - began)
    {
    case .identical, .equivalent: return
    case .unknown: result.unknown += 1
    case .different(.missingInNew): result.missing += 1
    case .different(.missingInLegacy): result.extra += 1
    case .different: result.differing += 1
    }
    if result.examples.count < RoutedCache.Verified.mostExamples { result.examples.append(key) }
    guard repairs else { return }
    let mirror = routing.primary(of: key.utf8.span).other
    doubt(suspects.insert(key, on: mirror), mirror)
    if await repair(key, on: mirror) { result.repaired += 1 }
  }

  private func walkable(_ stack: StackID, _ what: String) throws(CacheError) -> any WalkableCache {
    guard let cache = cache(stack) as? any WalkableCache else {
      throw CacheError(
        .validation,
        "cannot \(what): the cache of stack \(stack.name) does not list its keys; make it a WalkableCache, as RedisCache is",
        context: ["stack": .string(stack.name)])
    }
    return cache
  }

  private func needsBoth(_ what: String) -> CacheError {
    CacheError(
      .validation,
      "cannot \(what) at stage \(routing.effectiveStage.name): writes would go to one stack alone meanwhile; move to dualwrite first",
      context: ["stage": .string(routing.effectiveStage.name)])
  }
}

/// So many steps a second at most.
private final class Pace: Sendable {
  private let gap: Duration
  private let next = Mutex(ContinuousClock.now)

  init(perSecond: Int) { gap = .seconds(1) / max(1, perSecond) }

  func step() async {
    let wait = next.withLock { next in
      let now = ContinuousClock.now
      next = max(next, now) + gap
      return next - now
    }
    if wait > .milliseconds(2) { try? await Task.sleep(for: wait) }
  }
}
