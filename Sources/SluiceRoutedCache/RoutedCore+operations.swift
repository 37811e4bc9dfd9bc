import Foundation
import SluiceCache
import SluiceFigures
import SluiceRouting

extension RoutedCore {
  // MARK: Reads

  /// Asks the primary, and lets the mirror be asked the same at this place of the key's log if the sample says so.
  func read(_ question: Reading.Question, _ key: String) async -> Reading.Answer {
    let routing = routing
    let primary = routing.primary(of: key.utf8.span)
    guard await mayServe(key, primary) else { return .failed(inDoubt(key, primary)) }
    guard routing.compares(key.utf8.span) else {
      return await warmed(await ask(question, key, primary), key, primary)
    }
    let mark = log.readBegan(key)
    let askedAt = ContinuousClock.now
    let answer = await ask(question, key, primary)
    let reading = Reading(
      question: question, answer: answer, askedAt: askedAt, isRecheck: false, primary: primary,
      routing: routing.version)
    switch log.readEnded(key, mark: mark, entry: entry(reading, key)) {
    case .appended: break
    case .disturbed: recheck(question, key)
    case .full: figures.withLock { $0.compare.dropped &+= 1 }
    }
    return await warmed(answer, key, primary)
  }

  /// The answer itself, or where new has missed and misses are to warm it, what legacy has.
  private func warmed(_ answer: Reading.Answer, _ key: String, _ primary: StackID) async -> Reading.Answer {
    guard options.warmOnMiss, primary == .new, answer == .value(nil) else { return answer }
    return await warmed(key).map { .value($0) } ?? answer
  }

  /// Why a key is not answered although its stack is there: a cache may forget, it may not lie.
  private func inDoubt(_ key: String, _ stack: StackID) -> CacheError {
    CacheError(
      .infrastructure,
      "what stack \(stack.name) has under this key is in doubt and could not be repaired in time",
      context: ["key": .string(key), "stack": .string(stack.name)])
  }

  /// Whether the stack may answer for the key. After a flip that takes until it has heard of the writes that were acknowledged
  /// before (law 6), and never longer than the deadline; a suspect is repaired first (law 7).
  private func mayServe(_ key: String, _ stack: StackID) async -> Bool {
    if !log.isDrained(key, stack) {
      guard !suspects.contains(key, on: stack) else { return false }
      guard await log.drained(key, stack, within: options.fenceDeadline) else {
        doubt(suspects.insert(key, on: stack), stack)
        return false
      }
    }
    guard suspects.contains(key, on: stack) else { return true }
    await log.take(key)
    defer { log.give(key) }
    return await repair(key, on: stack)
  }

  /// What the store of the key's primary has, past any tier in front of it.
  func storedValue(_ key: String) async throws(CacheError) -> CacheValue? {
    let primary = routing.primary(of: key.utf8.span)
    guard await mayServe(key, primary) else { return nil }
    return try await cache(primary).storedValue(for: key)
  }

  private func ask(
    _ question: Reading.Question, _ key: String, _ stack: StackID, _ role: Role = .primary
  ) async -> Reading.Answer {
    let answer = await counted(stack, question.command, role, hit: \.isHit) { () -> Reading.Answer in
      switch question {
      case .value:
        switch await reporting(cache(stack)).lookup(key) {
        case .hit(let value): .value(value)
        case .miss(.failed(let error)): .failed(error)
        case .miss(.absent), .miss(.foreign): .value(nil)
        }
      case .exists: .exists(await cache(stack).exists(key))
      case .ttl: .ttl(await cache(stack).remainingTTL(of: key))
      }
    }
    if case .failed = answer { failed(.unreachable, stack, question.command, role) }
    return answer
  }

  /// The same past any tier, where a store that is away says so.
  private func askStore(_ question: Reading.Question, _ key: String, _ stack: StackID) async -> Reading.Answer
  {
    do throws(CacheError) {
      let value = try await cache(stack).storedValue(for: key)
      switch question {
      case .value: return .value(value)
      case .exists: return .exists(value != nil)
      case .ttl: return .ttl(await cache(stack).remainingTTL(of: key))
      }
    } catch {
      failed(.unreachable, stack, question.command, .mirror)
      return .failed(error)
    }
  }

  // MARK: Comparing

  private func entry(_ reading: Reading, _ key: String) -> KeyLog.Entry {
    KeyLog.Entry(stack: reading.primary.other, isWrite: false) { [self] in await compare(reading, key) }
  }

  /// Asks the mirror what the primary was asked, at the same place of the log.
  private func compare(_ reading: Reading, _ key: String) async {
    let mirror = reading.primary.other
    let answer =
      reading.isRecheck
      ? await askStore(reading.question, key, mirror) : await ask(reading.question, key, mirror, .mirror)
    // A flip in between has put the two questions on two sides of it; that a suspect differs is known.
    let isDoubtful = suspects.contains(key, on: .legacy) || suspects.contains(key, on: .new)
    guard routing.version == reading.routing, !isDoubtful else {
      figures.withLock { $0.compare.dropped &+= 1 }
      return
    }
    let legacy = reading.primary == .legacy ? reading.answer : answer
    let new = reading.primary == .legacy ? answer : reading.answer
    // The mirror may have been busy with the writes before.
    let apart = ContinuousClock.now - reading.askedAt
    switch AnswerComparison.verdict(legacy: legacy, new: new, apart: apart) {
    case .identical:
      agreed(reading, key)
      figures.withLock {
        if reading.isRecheck { $0.compare.superseded &+= 1 } else { $0.compare.matched &+= 1 }
      }
    case .equivalent:
      agreed(reading, key)
      figures.withLock { $0.compare.matched &+= 1 }
    case .unknown: figures.withLock { $0.compare.dropped &+= 1 }
    case .different(let kind):
      guard reading.isRecheck else { return recheck(reading.question, key) }
      if isMeant(kind, reading.question, key, legacy, new) {
        return figures.withLock { $0.compare.ignore(.closed) }
      }
      diverged(
        kind, reading.question.command, key, legacy, new, isServed: reading.primary == .new)
    }
  }

  /// Asks again, the primary in a moment without writes and the mirror at that place of the log. What still differs then is a
  /// divergence.
  private func recheck(_ question: Reading.Question, _ key: String) {
    guard log.recheckMayBegin() else {
      figures.withLock { $0.compare.dropped &+= 1 }
      return
    }
    Task { [self] in
      await log.take(key)
      let routing = routing
      let primary = routing.primary(of: key.utf8.span)
      let askedAt = ContinuousClock.now
      let answer = await askStore(question, key, primary)
      let reading = Reading(
        question: question, answer: answer, askedAt: askedAt, isRecheck: true, primary: primary,
        routing: routing.version)
      if !log.append(entry(reading, key), for: key) { figures.withLock { $0.compare.dropped &+= 1 } }
      log.give(key)
      log.recheckEnded()
    }
  }

  // MARK: Writes

  /// Writes on the primary and, when it has acknowledged, on the mirror; the caller does not wait for the mirror.
  func write(
    _ command: RoutedCommand, _ key: String, _ effect: Effect
  ) async -> Result<Bool, CacheError> {
    await log.take(key)
    defer { log.give(key) }
    let routing = routing
    let primary = routing.primary(of: key.utf8.span)
    // After a flip: what this stack has yet to hear must not land on top of the new write.
    if !log.isDrained(key, primary), !suspects.contains(key, on: primary),
      await !log.drained(key, primary, within: options.fenceDeadline)
    {
      doubt(suspects.insert(key, on: primary), primary)
    }
    var place = routing.mirrorsWrites ? journal?.began(key, primary: primary) : nil
    let (done, isCertain) = await counted(primary, command) {
      await apply(effect, key, primary)
    }
    let answer =
      isCertain ? .success((try? done.get()) ?? false) : done.flatMap { _ in .failure(notTaken(primary)) }
    if !isCertain { failed(.trouble, primary, command) }
    if isCertain, log.isDrained(key, primary) { repaired(key, primary) }
    let now = self.routing
    let moved = now.primary(of: key.utf8.span) != primary
    guard routing.mirrorsWrites || now.mirrorsWrites || moved else { return answer }
    // A flip to a stage that mirrors came in between.
    if !routing.mirrorsWrites { place = journal?.began(key, primary: primary) }
    let mirror = primary.other
    // Whether a write that failed has landed after all is not known.
    guard isCertain else {
      doubt(suspects.insert(key, on: mirror), mirror)
      journal?.ended(place)
      return answer
    }
    let began = place
    let acknowledged = ContinuousClock.now
    let isQueued = log.append(
      KeyLog.Entry(stack: mirror, isWrite: true) { [self] in
        await mirrored(effect, key, mirror, acknowledged, command)
        journal?.ended(began)
      }, for: key)
    if !isQueued {
      doubt(suspects.insert(key, on: mirror), mirror)
      journal?.ended(began)
    }
    figures.withLock {
      if isQueued { $0.compare.mirroredWrites &+= 1 } else { $0.compare.droppedWrites &+= 1 }
    }
    return answer
  }

  /// Repeats on the mirror what a write did; relative expiries count from the primary's acknowledgement.
  private func mirrored(
    _ effect: Effect, _ key: String, _ stack: StackID, _ acknowledged: ContinuousClock.Instant,
    _ command: RoutedCommand
  ) async {
    var effect = effect
    if case .set(let value, let ttl?) = effect {
      let late = ContinuousClock.now - acknowledged
      effect = ttl > late ? .set(value, ttl: late < .seconds(1) ? ttl : ttl - late) : .remove
    }
    let applied = effect
    let (_, isCertain) = await counted(stack, command, .mirror) { await apply(applied, key, stack) }
    guard !isCertain else { return }
    failed(.trouble, stack, command, .mirror)
    figures.withLock { $0.compare.mirrorErrors &+= 1 }
    doubt(suspects.insert(key, on: stack), stack)
  }

  /// Makes the effect true on a stack: what the stack answered, and whether it is certain that it is true.
  func apply(_ effect: Effect, _ key: String, _ stack: StackID) async -> (
    answer: Result<Bool, CacheError>, isCertain: Bool
  ) {
    switch effect {
    case .set(let value, let ttl):
      let result = await reporting(cache(stack)).store(key, value, ttl: ttl)
      // Zero or less stores nothing, and says so.
      let isStored = (try? result.get()) ?? false
      return (result, isStored || (ttl.map { $0 <= .zero } ?? false))
    case .remove:
      let result = await reporting(cache(stack)).remove(key)
      if (try? result.get()) == true { return (result, true) }
      return (result, await isAbsent(key, stack))
    }
  }

  /// For caches that give no reasons.
  private func notTaken(_ stack: StackID) -> CacheError {
    CacheError(
      .infrastructure, "stack \(stack.name) did not take the write; see whether its store is reachable",
      context: ["stack": .string(stack.name)])
  }

  /// A `delete` that found nothing and one that reached nobody look alike; the store knows.
  private func isAbsent(_ key: String, _ stack: StackID) async -> Bool {
    do { return try await cache(stack).storedValue(for: key) == nil } catch { return false }
  }

  // MARK: Counting

  func counted<Done: Sendable>(
    _ stack: StackID, _ command: RoutedCommand, _ role: Role = .primary, _ work: () async -> Done
  ) async -> Done {
    await counted(stack, command, role, hit: { _ in nil }, work)
  }

  func counted<Done: Sendable>(
    _ stack: StackID, _ command: RoutedCommand, _ role: Role, hit: (Done) -> Bool?,
    _ work: () async -> Done
  ) async -> Done {
    let start = ContinuousClock.now
    let result = await work()
    let end = ContinuousClock.now
    let time = Int64((end - start) / .nanoseconds(1))
    let now = nanoseconds(at: end)
    let isHit = hit(result)
    figures.withLock { figures in
      let isSlow = meter.withLock { meter in
        if now >= meter.slotEnds { meter.closeSlot(at: now, figures) }
        return time > meter.limits.slowAbove[Int(command.commandClass.rawValue)]
      }
      figures[stack, role, command.commandClass].operations &+= 1
      figures[stack, role, command.commandClass].latency.record(nanoseconds: time)
      if isSlow { figures[stack, role, command.commandClass].slow &+= 1 }
      if isHit == true { figures[stack, role, command.commandClass].hits &+= 1 }
      if isHit == false { figures[stack, role, command.commandClass].misses &+= 1 }
    }
    return result
  }
}
