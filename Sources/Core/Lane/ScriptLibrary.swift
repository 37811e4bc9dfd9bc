import SluiceCommands
import SluiceLocks
import SluiceRESP
import SluiceRouting
import SluiceScripts

/// The bodies of the scripts that clients have loaded or run, so that each stack knows them all: whichever answers for a key
/// tomorrow, and after a restart of its server too, no client is told `NOSCRIPT` for what it has loaded through the proxy.
///
/// Beyond its bound nothing is added: such a script is as unknown to a stack as without a proxy, and its client loads it again.
package final class ScriptLibrary: Sendable {
  /// How far one server has been told.
  struct Told {
    /// Its run; nil where it does not tell, and then every connection begins anew.
    var run: [UInt8]?
    var edition: UInt64 = 0
    var count = 0
  }

  private struct State {
    /// `SCRIPT LOAD` with each body, in the order in which they came.
    var loads: [[UInt8]] = []
    /// What there is to know of each body: its rule.
    var known: [[UInt8]: ScriptRule?] = [:]
    var bytes = 0
    /// Those that may touch keys which they do not declare, and why, with no rule for them; the first ones.
    var suspected: [Suspected] = []
    /// Grows with every flush.
    var edition: UInt64 = 0
  }

  private let state = Mutex(State())
  private let limit: Int
  /// What is known of scripts that nobody could tell from outside.
  let rules: ScriptRules

  init(rules: ScriptRules = ScriptRules(), limit: Int = 64 << 20) {
    self.rules = rules
    self.limit = limit
  }

  /// A script that may touch keys which it does not declare.
  package struct Suspected: Equatable {
    /// SHA-1, as its clients know it.
    package let digest: [UInt8]
    package let suspicion: ScriptSuspicion
  }

  /// More are not named.
  private static let mostSuspected = 20

  package var suspected: [Suspected] { state.withLock { $0.suspected } }

  /// - Returns: whether it is new, and there was room; and its rule.
  func add(_ body: [UInt8]) -> (isNew: Bool, rule: ScriptRule?) {
    state.withLock { state in
      if let rule = state.known[body] { return (false, rule) }
      let rule = rules[body: body]
      if rule == nil, state.suspected.count < Self.mostSuspected, let suspicion = ScriptSuspicion.of(body) {
        let suspected = Suspected(digest: SHA1.hex(of: body), suspicion: suspicion)
        if !state.suspected.contains(suspected) { state.suspected.append(suspected) }
      }
      guard state.bytes <= limit - 2 * min(body.count, limit) else { return (false, rule) }
      state.known[body] = .some(rule)
      state.bytes += 2 * body.count
      state.loads.append(InlineRequest.frame(of: [Array("SCRIPT".utf8), Array("LOAD".utf8), body]))
      return (true, rule)
    }
  }

  func forgetAll() {
    state.withLock { $0 = State(suspected: $0.suspected, edition: $0.edition &+ 1) }
  }

  /// What a server of this run has to be told; from then on it counts as told.
  func news(for run: [UInt8]?, _ told: inout Told) -> [[UInt8]] {
    state.withLock { state in
      let isSame = run == told.run && told.edition == state.edition
      let first = isSame ? min(told.count, state.loads.count) : 0
      told = Told(run: run, edition: state.edition, count: state.loads.count)
      return Array(state.loads[first...])
    }
  }
}

extension StackConnection {
  /// Tells the server the scripts that it has not been told by this link; the answers are swallowed.
  func loadScripts() {
    for load in lane.scripts.news(for: server, &toldScripts) {
      send(
        load.span,
        Errand(
          slot: 0, command: UInt16(truncatingIfNeeded: lane.scriptLoad), role: .question, sequel: .none,
          tail: .any, sentAt: lane.now), sink: nil)
    }
  }
}

extension ClientSession {
  /// Ahead of a script that comes with its body: the other stack will need it when the keys change sides.
  ///
  /// - Returns: its rule, if there is one.
  func remember(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) -> ScriptRule? {
    guard lane.evals.contains(spec.id), arguments.count > 1 else { return nil }
    let (isNew, rule) = lane.scripts.add(ClientSession.bytes(frame.extracting(arguments[1].range)))
    if isNew {
      for connection in lane.stacks where connection.isUp { connection.loadScripts() }
    }
    return rule
  }

  static func bytes(_ span: Span<UInt8>) -> [UInt8] { span.withUnsafeBufferPointer { Array($0) } }

  /// What concerns no key and both servers, whoever answers for keys just now: `SCRIPT LOAD`, `FUNCTION LOAD`. What this client asks
  /// next waits for both, so that it finds there what it has loaded.
  func onBothStacks(_ frame: Span<UInt8>, _ arguments: Span<ArgumentRange>, _ spec: CommandSpec) {
    if spec.name == "SCRIPT|LOAD" {
      _ = lane.scripts.add(ClientSession.bytes(frame.extracting(arguments[2].range)))
    }
    if spec.name == "SCRIPT|FLUSH" { lane.scripts.forgetAll() }
    let preferred = lane.serverToAsk
    // Scripts reach a stack that is away when it is back.
    guard lane.stacks.allSatisfy(\.isUp) else {
      let asked = lane.connection(preferred).isUp ? preferred : preferred.other
      return lane.ask(frame, spec, asked, sink: sink, slot: openBarrier())
    }
    let answers = AnswersOfBoth(on: lane, prefers: preferred, sink: sink, slot: openBarrier())
    for stack in StackID.allCases {
      lane.ask(frame, spec, stack, sink: answers, slot: UInt32(stack.rawValue))
    }
  }
}

/// Waits for both stacks and passes one answer on: that of the stack that is asked about the server, or of the other one if that was lost
/// meanwhile.
private final class AnswersOfBoth: ReplySink, @unchecked Sendable {
  private unowned let lane: Lane
  private let preferred: StackID
  private let sink: ReplySink
  private let slot: UInt32
  private var answers: [StackID: [UInt8]] = [:]

  init(on lane: Lane, prefers preferred: StackID, sink: ReplySink, slot: UInt32) {
    self.lane = lane
    self.preferred = preferred
    self.sink = sink
    self.slot = slot
    super.init(home: lane.index, tail: sink.tail)
  }

  override func replyArrived(_ reply: Span<UInt8>, slot: UInt32) {
    let stack = StackID(rawValue: UInt8(truncatingIfNeeded: slot)) ?? .legacy
    answers[stack] = ClientSession.bytes(reply)
    guard let first = answers[preferred], let second = answers[preferred.other] else { return }
    let isAway = first.starts(with: Array("-STACKDOWN ".utf8))
    lane.deliver((isAway ? second : first).span, to: sink, slot: self.slot)
  }
}
