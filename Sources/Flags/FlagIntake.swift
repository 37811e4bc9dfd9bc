/// The loader's manners, apart from files and clocks: what to make of the bytes that were read, and when to
/// look again.
///
/// Debounce, skip unchanged bytes, all or nothing, keep the last good one, report each distinct error once,
/// refuse edits that move keys back and forth.
struct FlagIntake {
  /// How long the file must stay the same before it counts, in milliseconds: a write in two steps is one
  /// edit.
  static let quietMilliseconds: UInt64 = 50

  /// Whether an edit that moves keys back and forth is accepted.
  private let allowReshuffle: Bool
  /// The last good definition; nil before the first.
  private(set) var current: FlagDefinition?
  /// What was read last and has not yet been the same for long enough.
  private var candidate: (reading: Reading, since: UInt64)?
  /// What was decided about last.
  private var settled: Reading?
  private var reported = Set<FlagError>()

  enum Reading: Equatable {
    case bytes([UInt8])
    case failure(FlagError)
  }

  enum Decision {
    case nothing
    /// The file is changing: read it again after so many milliseconds.
    case lookAgain(after: UInt64)
    case tell(FlagEvent)
  }

  /// - Parameters:
  ///   - start: what came of loading the file at start. Its error is known and not told again.
  ///   - remembered: what is in force while the file is not good: the last good one of the process before.
  ///   - allowReshuffle: accept edits that move keys back and forth.
  init(
    start: Result<FlagDefinition, FlagError>, remembered: FlagDefinition? = nil, allowReshuffle: Bool = false
  ) {
    self.allowReshuffle = allowReshuffle
    switch start {
    case .success(let definition): current = definition
    case .failure(let error): (current, reported) = (remembered, [error])
    }
  }

  /// The file was read.
  ///
  /// - Parameter now: milliseconds on a clock that only goes forward.
  mutating func read(_ reading: Reading, now: UInt64) -> Decision {
    if reading == settled {
      candidate = nil
      return .nothing
    }
    guard let candidate, candidate.reading == reading else {
      self.candidate = (reading, now)
      return .lookAgain(after: FlagIntake.quietMilliseconds)
    }
    let age = now - min(now, candidate.since)
    guard age >= FlagIntake.quietMilliseconds else {
      return .lookAgain(after: FlagIntake.quietMilliseconds - age)
    }
    return settle(reading, allowReshuffle: allowReshuffle, repeatsErrors: false)
  }

  /// The file was read because somebody asked for it: decides at once, and tells an error again.
  ///
  /// - Parameter allowReshuffle: accept an edit that moves keys back and forth.
  mutating func reload(_ reading: Reading, allowReshuffle: Bool) -> Decision {
    settle(reading, allowReshuffle: allowReshuffle || self.allowReshuffle, repeatsErrors: true)
  }

  private mutating func settle(
    _ reading: Reading, allowReshuffle: Bool, repeatsErrors: Bool
  ) -> Decision {
    settled = reading
    candidate = nil
    do throws(FlagError) {
      let definition = try definition(from: reading)
      guard definition.version != current?.version else {
        guard !reported.isEmpty else { return .nothing }
        reported = []
        return .tell(.recovered)
      }
      let edit = FlagEdit(from: current, to: definition)
      if !allowReshuffle { try edit.refuseReshuffle() }
      current = definition
      reported = []
      return .tell(.loaded(definition, edit))
    } catch {
      let isNew = reported.insert(error).inserted
      return isNew || repeatsErrors ? .tell(.rejected(error)) : .nothing
    }
  }

  private func definition(from reading: Reading) throws(FlagError) -> FlagDefinition {
    switch reading {
    case .bytes(let bytes): return try FlagDefinition(bytes: bytes)
    case .failure(let error): throw error
    }
  }
}
