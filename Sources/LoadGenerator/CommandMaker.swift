import SluiceRedisClient

/// Draws the next command of a plan for one thread.
struct CommandMaker {
  private let profile: WorkloadProfile
  private let keySpace: KeySpace
  private let verbs: WeightedChooser<WorkloadProfile.Verb>?
  private let timesToLive: WeightedChooser<Int>?
  private var keys: KeyChooser
  private var generator: SplitMix64
  private var version: UInt32 = 0
  private(set) var arguments = CommandArguments()
  private var key: [UInt8] = []
  private var value: [UInt8] = []

  init(_ plan: LoadPlan, thread: Int) {
    profile = plan.profile
    keySpace = plan.keySpace
    verbs = WeightedChooser(profile.verbs)
    timesToLive = WeightedChooser(profile.timesToLive)
    keys = KeyChooser(profile.distribution, count: plan.keys, thread: thread, threads: plan.threads)
    generator = SplitMix64(seed: SplitMix64.mix(plan.seed) ^ SplitMix64.mix(UInt64(thread) &+ 1))
  }

  /// Puts the next command into `arguments`.
  mutating func next() -> LoadConnection.Asked {
    let verb = verbs?.next(&generator) ?? .get
    let index = keys.next(&generator)
    keySpace.write(index, into: &key)
    arguments.removeAll()
    switch verb {
    case .get, .gets:
      arguments.append("GET")
      arguments.append(key)
    case .delete:
      arguments.append("DEL")
      arguments.append(key)
    case .incr:
      key.append(contentsOf: ":n".utf8)
      arguments.append("INCR")
      arguments.append(key)
    case .set, .cas, .prepend:
      store(index)
    case .add:
      store(index)
      arguments.append("NX")
    }
    return LoadConnection.Asked(verb: verb, key: index)
  }

  private mutating func store(_ index: Int) {
    version &+= 1
    SealedValue.write(key: key, version: version, size: profile.valueSize(index), into: &value)
    arguments.append("SET")
    arguments.append(key)
    arguments.append(value)
    if let timesToLive {
      arguments.append("EX")
      arguments.append(String(timesToLive.next(&generator)))
    }
  }
}
