import Foundation
import Logging
import SluiceConfiguration
import SluiceJournal
import SluiceProxy
import SluiceRouting

/// What is noticed beside the traffic and said in the log once in a while: wrong passwords, clocks that differ, and a journal
/// that somebody has taken away.
struct Lookout {
  let proxy: ProxyServer
  /// Nil if there is none.
  let journal: SuspectJournal?
  /// Passwords tried at the control port.
  let control: PasswordGuesses
  /// Tokens tried at the admin door.
  let visitors: PasswordGuesses
  let configuration: ServeConfiguration
  let tls: TLSKeepers
  let logger: Logger
  private var said: [String: (total: UInt64, at: ContinuousClock.Instant)] = [:]
  private var clocks: (sentences: [String], at: ContinuousClock.Instant)?

  /// What is said once.
  private var told: Set<String> = []

  /// What of the journal was missing at the last look.
  private var missing: String?

  init(
    proxy: ProxyServer, journal: SuspectJournal?, control: PasswordGuesses, visitors: PasswordGuesses,
    configuration: ServeConfiguration, tls: TLSKeepers, logger: Logger
  ) {
    self.proxy = proxy
    self.journal = journal
    self.control = control
    self.visitors = visitors
    self.configuration = configuration
    self.tls = tls
    self.logger = logger
  }

  /// Called about once a second.
  mutating func tick() {
    for sentence in Self.hidden(proxy, configuration.stacks) where !told.contains(sentence) {
      told.insert(sentence)
      logger.warning("\(sentence)")
    }
    tell("the clients' port", proxy.guesses.figures)
    tell("the control port", control.figures)
    tell("the admin door", visitors.figures)
    tellClocks()
    // The days that are left are part of it: a line a day.
    if let sentence = tls.outlook(), told.insert(sentence).inserted { logger.warning("\(sentence)") }
    let missing = journal?.missing
    if let missing, missing != self.missing { logger.error("\(SluiceService.gone(missing))") }
    self.missing = missing
  }

  /// The first one at once, then at most a line a minute.
  private mutating func tell(_ door: String, _ figures: PasswordGuesses.Figures) {
    let last = said[door]
    guard figures.total > last?.total ?? 0, last.map({ .now - $0.at >= Self.pause }) ?? true else { return }
    let count = figures.total - (last?.total ?? 0)
    logger.warning(
      "\(count) wrong password\(count == 1 ? "" : "s") at \(door), the last from \(figures.lastFrom); who tries many waits longer and longer"
    )
    said[door] = (figures.total, .now)
  }

  private mutating func tellClocks() {
    let sentences = Self.clocks(proxy, configuration)
    let last = clocks?.sentences ?? []
    guard sentences != last, clocks.map({ .now - $0.at >= Self.pause || sentences.isEmpty }) ?? true else {
      return
    }
    for sentence in sentences where !last.contains(sentence) { logger.warning("\(sentence)") }
    if sentences.isEmpty { logger.notice("the clocks of the stacks and of the proxy agree again") }
    clocks = (sentences, .now)
  }

  private static let pause = Duration.seconds(60)

  // MARK: Clocks

  /// One sentence for each clock that is further off than is tolerated; by what the hand-shakes told.
  static func clocks(_ proxy: ProxyServer, _ configuration: ServeConfiguration) -> [String] {
    let tolerance = configuration.mirror.ttlTolerance
    var sentences: [String] = []
    for stack in StackID.allCases {
      guard let clock = proxy.clock(of: stack), clock.isBeyond(tolerance.nanoseconds) else { continue }
      let endpoint =
        stack == .legacy ? configuration.stacks.legacy.endpoint : configuration.stacks.new.endpoint
      let isAhead = clock.nanoseconds > 0
      let by = seconds(clock.nanoseconds)
      sentences.append(
        "the clock of \(stack.name) (\(endpoint)) is \(by) \(isAhead ? "ahead of" : "behind") the proxy's, and "
          + "\(tolerance.text) is tolerated: expiries are moved by \(proxy.clockShift(of: stack) / 1000) s for it; "
          + "set the clocks right (NTP)")
    }
    guard sentences.isEmpty, let legacy = proxy.clock(of: .legacy), let new = proxy.clock(of: .new) else {
      return sentences
    }
    var between = legacy
    between.nanoseconds = new.nanoseconds &- legacy.nanoseconds
    between.uncertainty = new.uncertainty &+ legacy.uncertainty
    guard between.isBeyond(tolerance.nanoseconds) else { return [] }
    return [
      "the clocks of legacy and new are \(seconds(between.nanoseconds)) apart, and \(tolerance.text) is tolerated: keys that "
        + "expire do not do so together; set the clocks right (NTP)"
    ]
  }

  /// `30.0 s`.
  private static func seconds(_ nanoseconds: Int64) -> String {
    let tenths = (nanoseconds.magnitude + 50_000_000) / 100_000_000
    return "\(tenths / 10).\(tenths % 10) s"
  }
}

extension Lookout {
  /// What the stacks' servers do not tell, as sentences. The embedded engine has no commands but those that Sluice knows.
  static func hidden(_ proxy: ProxyServer, _ stacks: ServeConfiguration.Stacks) -> [String] {
    StackID.allCases.flatMap { stack in
      if case .memory = (stack == .legacy ? stacks.legacy : stacks.new).endpoint { return [String]() }
      guard let facts = proxy.facts(of: stack) else { return [] }
      var sentences: [String] = []
      if facts.tellsCommands == false {
        sentences.append(
          "\(stack.name) does not tell its commands (COMMAND is refused): names that Sluice does not know are refused and counted "
            + "(hidden_commands); let the user in its address say COMMAND")
      }
      if facts.version == nil, facts.run == nil {
        let others = facts.unknown.filter { !$0.hasSuffix("(COMMAND)") }
        sentences.append(
          "\(stack.name) does not tell \(others.joined(separator: ", ")): it works as it is; what is not known then is on the page "
            + "\"Which server to which\"; let the user in its address say INFO")
      }
      return sentences
    }
  }
}
