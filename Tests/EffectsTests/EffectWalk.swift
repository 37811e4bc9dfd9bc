import Glibc
import SluiceCommands
import SluiceRESP
import SluiceRedisClient
import SluiceTestSupport
import Testing

/// Random commands on random states: carried out by one server, repeated by the other, and the two compared
/// after each.
struct EffectWalk {
  /// What the mirror holds before each command, and what it is told.
  enum Mirror {
    /// The primary's state, and the effect.
    case warm
    /// Nothing, and the effect; what builds on the prior value is left out, as there its keys are copied.
    case cold
    /// The primary's state, and the client's bytes whatever they did: how not to mirror.
    case wishes
    /// The primary's state; it is told nothing, and carries out the same in RESP3: what both replies come to must be the same.
    case newer
  }

  let mirror: Mirror
  let servers: TwinServers
  let seed = UInt64.random(in: .min ... .max)
  /// Every write that a lane carries, of those that the servers have; those of modules and those that no server knows left out.
  let specs: [CommandSpec]

  /// How often the primary took each command.
  private(set) var acknowledged: [String: Int] = [:]
  private(set) var actions: [MirrorAction: Int] = [:]
  /// The commands after which the servers differed, with one example each.
  private(set) var differences: [String: String] = [:]
  private(set) var leftOut = 0
  /// Commands that had another reply in RESP3.
  private(set) var spelledOtherwise: Set<String> = []

  private let keys = (0..<6).map { "k\($0)" } + (0..<4).map { "n\($0)" }
  private var dice: Dice
  private let hasFieldTimes: Bool

  init(_ mirror: Mirror, on binary: ServerBinary = .redis70) throws {
    self.mirror = mirror
    servers = try TwinServers(binary)
    specs = servers.table.specs.filter {
      $0.mirror != .none && $0.id != CommandTable.unknownID && $0.sides == .both && $0.mirror != .copy
        && $0.mirror != .parts && !$0.flags.contains(.module) && !$0.isOurs
    }
    hasFieldTimes = servers.table.abilities.new.contains(.fieldTimes)
    dice = Dice(seed: seed)
  }

  /// Some rounds of all commands, then as many more of those that chance has left out: until the primary took each
  /// at least `times` times and `spelledOtherwise` holds `otherwise`, or twenty times the rounds are over.
  mutating func walk(rounds: Int, each times: Int = 0, otherwise: Set<String> = []) throws {
    for round in 0..<rounds {
      for spec in specs { try step(spec, round) }
    }
    for round in rounds..<(20 * rounds) {
      let missing = specs.filter {
        acknowledged[$0.name, default: 0] < times
          || (otherwise.contains($0.name) && !spelledOtherwise.contains($0.name))
      }
      if missing.isEmpty { break }
      for spec in missing { try step(spec, round) }
    }
    let counts = actions.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", ")
    let total = acknowledged.values.reduce(0, +)
    print(
      "\(mirror): seed \(seed), \(acknowledged.count) commands, \(total) acknowledged, "
        + "\(leftOut) left out; \(counts); differences after \(differences.keys.sorted())")
  }

  private mutating func step(_ spec: CommandSpec, _ round: Int) throws {
    guard let (kind, line) = dice.command(spec.name) else {
      throw TwinServers.Failure(
        description: "no arguments are made for \(spec.name); see RandomCommand.swift")
    }
    try prepare(kind)
    var words = line.map { Array($0.utf8) }
    if spec.name == "RESTORE" { words[3] = try dump() }

    let before = Self.now()
    let reply = try servers.primary.command(words)
    if case .error = reply { return }
    acknowledged[spec.name, default: 0] += 1
    let (request, arguments) = Self.request(words)
    if mirror == .cold,
      Mirroring.buildsOnPriorValue(spec, request: request.span, arguments: arguments.span)
    {
      leftOut += 1
      return
    }
    let now = Self.now()
    var output: [UInt8] = []
    var action = Mirroring.effect(
      of: spec, request: request.span, arguments: arguments.span, reply: bytes(of: reply).span,
      nowMilliseconds: now, limits: FrameLimits(),
      abilities: (servers.table.abilities.legacy, servers.table.abilities.new), into: &output)
    if mirror == .wishes { action = .asSent }
    if mirror == .newer { return try compareWithNewer(spec, words, reply, action, output, now) }
    actions[action, default: 0] += 1

    var refusal: String?
    switch action {
    case .nothing: break
    case .asSent: refusal = try servers.mirror.command(words).error
    case .trimmed: try servers.trim(line[1])
    case .replaced, .replacedAddingNothing, .replacedAndTrimmed:
      var framer = RequestFramer()
      #expect(framer.next(output.span) == .command(length: output.count), "seed \(seed): \(line)")
      let told = try servers.mirror.command(framer.arguments.map { Array(output[$0.range]) })
      refusal = told.error
      if action == .replacedAndTrimmed { try servers.trim(line[1]) }
      if action == .replacedAddingNothing, told != .integer(0) { refusal = "\(told), and not 0" }
    case .copy:
      var indices: [Int] = []
      _ = spec.keyIndices(in: request.span, arguments: arguments.span, into: &indices)
      for index in indices { try servers.copy(line[index]) }
    }

    // A server may be a tick behind its machine's clock.
    let tolerance = action == .replaced ? now - before + 2 : 0
    let sent = String(decoding: output, as: UTF8.self)
    let said = "seed \(seed), round \(round): \(line) → \(reply), \(action) \(sent)"
    if let refusal { differences[spec.name] = "\(said), refused: \(refusal)" }
    for (key, state) in zip(keys, try servers.state(of: keys)) {
      if mirror == .cold, !state.mirror.exists { continue }
      if !state.primary.equals(state.mirror, tolerance: tolerance) {
        differences[spec.name] = "\(said), \(key): \(state)"
      }
      // Each command begins from equal states, times of expiry included.
      if state.primary != state.mirror { try servers.copy(key) }
    }
  }

  /// What comes out by chance, or by the clock, is not held against the other server: how much came out is.
  private static let byChance: Set<String> = ["SPOP", "XADD", "XAUTOCLAIM", "XCLAIM"]

  private mutating func compareWithNewer(
    _ spec: CommandSpec, _ words: [[UInt8]], _ reply: Reply, _ action: MirrorAction, _ output: [UInt8],
    _ now: Int64
  ) throws {
    actions[action, default: 0] += 1
    let (request, arguments) = Self.request(words)
    try servers.newer.send(request)
    let other = try servers.newer.reply()
    var told: [UInt8] = []
    let otherAction = Mirroring.effect(
      of: spec, request: request.span, arguments: arguments.span, reply: Array(other.utf8).span,
      nowMilliseconds: now, limits: FrameLimits(),
      abilities: (servers.table.abilities.legacy, servers.table.abilities.new), into: &told)
    let isAlike =
      Self.byChance.contains(spec.name)
      ? output.count(where: { $0 == 0x24 }) == told.count(where: { $0 == 0x24 }) : output == told
    if action != otherAction || (action.tellsWords && !isAlike) {
      differences[spec.name] =
        "seed \(seed): \(words.map { String(decoding: $0, as: UTF8.self) }) → \(reply) \(action) "
        + "\(String(decoding: output, as: UTF8.self)), in RESP3 \(other) \(otherAction) \(String(decoding: told, as: UTF8.self))"
    }
    if other != String(decoding: bytes(of: reply), as: UTF8.self) { spelledOtherwise.insert(spec.name) }
    for key in keys { try servers.copy(key) }
  }

  /// Gives some keys another value, mostly of the kind that the next command is for.
  private mutating func prepare(_ kind: Kind) throws {
    for key in keys {
      let isUsual = key.hasPrefix("k")
      guard dice.chance(isUsual ? 50 : 25) else { continue }
      if dice.chance(isUsual ? 15 : 90) {
        _ = try servers.primary.command("DEL", key)
      } else {
        var lines = dice.birth(dice.chance(90) ? kind : dice.pick(Kind.allCases), key)
        if hasFieldTimes, kind == .hash { lines += dice.fieldTimes(key) }
        for line in lines {
          _ = try servers.primary.command(line.map { Array($0.utf8) })
        }
      }
      if mirror != .cold { try servers.copy(key) }
    }
    if mirror == .cold { _ = try servers.mirror.command("FLUSHALL") }
  }

  /// A value for `RESTORE`: of any key that is there.
  private mutating func dump() throws -> [UInt8] {
    for key in keys.shuffled(using: &dice.random) {
      if case .string(let value) = try servers.primary.command("DUMP", key) { return value }
    }
    return []
  }

  private static func request(_ words: [[UInt8]]) -> ([UInt8], [ArgumentRange]) {
    var frame: [UInt8] = []
    frame.appendArrayHeader(words.count)
    for word in words { frame.appendBulk(word.span) }
    var framer = RequestFramer()
    _ = framer.next(frame.span)
    return (frame, framer.arguments)
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

extension Reply {
  fileprivate var error: String? {
    if case .error(let text) = self { text } else { nil }
  }
}

extension MirrorAction {
  fileprivate var tellsWords: Bool {
    switch self {
    case .replaced, .replacedAddingNothing, .replacedAndTrimmed: true
    case .asSent, .trimmed, .nothing, .copy: false
    }
  }
}
