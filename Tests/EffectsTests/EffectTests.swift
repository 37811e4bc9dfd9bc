import Commands
import Glibc
import LoadGenerator
import RESP
import RedisClient
import Testing

/// Every write of the table with random arguments on random states, on two real servers: what the effect
/// makes of the mirror is what the command made of the primary.
@Suite(.timeLimit(.minutes(3))) struct EffectTests {
  private let servers: TwinServers
  private let specs = CommandTable.shared.specs.filter {
    $0.mirror != .none && $0.id != CommandTable.unknownID
  }
  private let keys = (0..<6).map { "k\($0)" } + (0..<4).map { "n\($0)" }

  init() throws { servers = try TwinServers() }

  /// The mirror holds what the primary holds before each command.
  @Test func aWarmMirrorStaysEqual() throws {
    try walk("warm", rounds: 120, isCold: false)
  }

  /// The mirror holds nothing before each command; updates are left out, as the lane would copy their keys.
  /// What is repeated leaves each key equal or absent.
  @Test func aColdMirrorNeverHoldsAnotherValue() throws {
    try walk("cold", rounds: 60, isCold: true)
  }

  private func walk(_ label: String, rounds: Int, isCold: Bool) throws {
    let seed = UInt64.random(in: .min ... .max)
    var dice = Dice(seed: seed)
    var acknowledged: [String: Int] = [:]
    var actions: [MirrorAction: Int] = [:]
    var leftOut = 0
    for round in 0..<rounds {
      for spec in specs {
        guard let (kind, line) = dice.command(spec.name) else {
          throw TwinServers.Failure(description: "no arguments are made for \(spec.name)")
        }
        try prepare(kind, isCold, &dice)
        var words = line.map { Array($0.utf8) }
        if spec.name == "RESTORE" { words[3] = try dump(&dice) }
        let comment = "\(label), seed \(seed), round \(round): \(line)"

        let before = Self.now()
        let reply = try servers.primary.command(words)
        if case .error = reply { continue }
        acknowledged[spec.name, default: 0] += 1
        let (request, arguments) = Self.request(words)
        if isCold, Mirroring.buildsOnPriorValue(spec, request: request.span, arguments: arguments.span) {
          leftOut += 1
          continue
        }
        let now = Self.now()
        var output: [UInt8] = []
        let action = Mirroring.effect(
          of: spec, request: request.span, arguments: arguments.span, reply: bytes(of: reply).span,
          nowMilliseconds: now, into: &output)
        actions[action, default: 0] += 1
        try repeatAtMirror(action, spec, words, request, arguments, output, comment)
        // The server reads its clock once in a while, and so may be a little behind ours.
        let tolerance = action == .replaced ? now - before + 2 : 0
        for key in keys {
          let exists = try servers.exists(key)
          if isCold, !exists.mirror { continue }
          let difference = try servers.difference(key, tolerance: tolerance)
          #expect(
            difference == nil, "\(comment) → \(reply), \(action), \(String(decoding: output, as: UTF8.self))")
          if difference != nil { try servers.copy(key) }
        }
      }
    }
    let counts = actions.map { "\($0.key) \($0.value)" }.sorted().joined(separator: ", ")
    print(
      "\(label): seed \(seed), \(acknowledged.count) commands, \(acknowledged.values.reduce(0, +)) acknowledged, \(leftOut) left out; \(counts)"
    )
    for spec in specs {
      #expect(
        acknowledged[spec.name, default: 0] >= 5, "\(label), seed \(seed): \(spec.name) was hardly exercised")
    }
    for action in [MirrorAction.replaced, .nothing, .copy, .asSent] {
      #expect(actions[action, default: 0] > 0, "\(label), seed \(seed): \(action)")
    }
  }

  /// Gives some keys another value, mostly of the kind that the next command is for.
  private func prepare(_ kind: Kind, _ isCold: Bool, _ dice: inout Dice) throws {
    for key in keys {
      guard dice.chance(key.hasPrefix("k") ? 50 : 25) else { continue }
      if dice.chance(key.hasPrefix("k") ? 15 : 90) {
        _ = try servers.primary.command("DEL", key)
      } else {
        for line in dice.birth(dice.chance(90) ? kind : dice.pick(Kind.allCases), key) {
          _ = try servers.primary.command(line.map { Array($0.utf8) })
        }
      }
      if !isCold { try servers.copy(key) }
    }
    guard !isCold else {
      _ = try servers.mirror.command("FLUSHALL")
      return
    }
    // Each comparison begins from equal times, so that a millisecond does not become two.
    for key in keys {
      let times = try servers.both("PEXPIRETIME", key)
      if times.0 != times.1 { try servers.copy(key) }
    }
  }

  /// A value for `RESTORE`: of any key that is there.
  private func dump(_ dice: inout Dice) throws -> [UInt8] {
    for key in keys.shuffled(using: &dice.random) {
      if case .string(let value) = try servers.primary.command("DUMP", key) { return value }
    }
    return []
  }

  private func repeatAtMirror(
    _ action: MirrorAction, _ spec: CommandSpec, _ words: [[UInt8]], _ request: [UInt8],
    _ arguments: [ArgumentRange], _ output: [UInt8], _ comment: String
  ) throws {
    switch action {
    case .nothing: return
    case .asSent: try send(words, comment)
    case .replaced:
      var framer = RequestFramer()
      #expect(framer.next(output.span) == .command(length: output.count), "\(comment)")
      try send(framer.arguments.map { Array(output[$0.range]) }, comment)
    case .copy:
      var indices: [Int] = []
      _ = spec.keyIndices(in: request.span, arguments: arguments.span, into: &indices)
      for index in indices { try servers.copy(String(decoding: words[index], as: UTF8.self)) }
    }
  }

  private func send(_ words: [[UInt8]], _ comment: String) throws {
    let reply = try servers.mirror.command(words)
    if case .error(let text) = reply { Issue.record("the mirror refused: \(text); \(comment)") }
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
