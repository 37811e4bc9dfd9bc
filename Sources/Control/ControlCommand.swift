import SluiceCopying
import SluiceFigures
import SluiceFlags
import SluiceProxy
import SluiceRouting

/// One command of the control port, read from its words.
enum ControlCommand: Equatable {
  /// `HOUR`: with what was counted in the last hour, window by window.
  case status(withWindows: Bool = false)
  /// `FLEET`: for all who share the latch file. `RESUME`: back to where it was, and why.
  case rearm(isFleet: Bool, resume: String? = nil)
  /// Somebody answers for what is known against new, and says why.
  case close(Cutover.Meant, reason: String)
  /// What was closed is open again.
  case reopen(reason: String)
  case reload(allowReshuffle: Bool)
  /// The yes for which a plan waits that asks.
  case approve
  /// No step up until `RESUME`.
  case pause(reason: String)
  case resume(reason: String)
  case help, ping, quit
  /// `FORCE`: although its gates are not met, and why.
  case stage(Stage, Percentage?, force: String? = nil)
  case ramp(Percentage, force: String? = nil)
  case rollback(reason: String)
  case which([[UInt8]])
  case keys(KeyOrder, [[UInt8]])
  /// Keys that whoever asks has found to be small, and of one type: a letter for each.
  case fillSmall(ValueKind, [[UInt8]])
  /// A walk over both stacks has ended well; `losses` is what `STATUS` said of `times_found_empty` before it began.
  case walked(Walked, losses: UInt64)
  case auth([UInt8])
  /// What clients say by themselves when they connect; answered emptily.
  case greeting

  /// Why words are no command, as an error line.
  struct Invalid: Error, Equatable {
    var message: String
    /// Whether it looks like HTTP: somebody who is not meant to be here.
    var isHTTP = false
  }

  init(_ words: [[UInt8]]) throws(Invalid) {
    // The one order that comes hundreds of times a second: none of its keys becomes a text.
    if let (kind, keys) = try ControlCommand.smallKeys(words) {
      self = .fillSmall(kind, keys)
      return
    }
    var texts = words.map { String(decoding: $0, as: UTF8.self) }
    let name = texts.first?.uppercased() ?? ""
    let why = try ControlCommand.takeReason(&texts, of: name)
    let arguments = texts.dropFirst()
    switch (name, arguments.count) {
    case ("STATUS", 0): self = .status()
    case ("STATUS", 1) where texts[1].uppercased() == "HOUR": self = .status(withWindows: true)
    case ("REARM", 0): self = .rearm(isFleet: false, resume: why)
    case ("REARM", 1) where texts[1].uppercased() == "FLEET": self = .rearm(isFleet: true, resume: why)
    case ("CLOSE", 1...):
      let (meant, rest) = try ControlCommand.meant(arguments)
      self = .close(meant, reason: ControlCommand.reason(rest))
    case ("REOPEN", _): self = .reopen(reason: ControlCommand.reason(arguments))
    case ("APPROVE", 0): self = .approve
    case ("PAUSE", _): self = .pause(reason: ControlCommand.reason(arguments))
    case ("RESUME", _): self = .resume(reason: ControlCommand.reason(arguments))
    case ("RELOAD", 0): self = .reload(allowReshuffle: false)
    case ("RELOAD", 1) where texts[1].uppercased() == "RESHUFFLE": self = .reload(allowReshuffle: true)
    // redis-cli answers HELP itself and sends nothing.
    case ("HELP", _), ("COMMANDS", _): self = .help
    case ("PING", 0): self = .ping
    case ("QUIT", 0): self = .quit
    // Whatever is said, it is done; status, ledger and log keep the beginning.
    case ("ROLLBACK", _): self = .rollback(reason: ControlCommand.reason(arguments))
    case ("RAMP", 1): self = .ramp(try ControlCommand.percentage(texts[1]), force: why)
    case ("STAGE", 1): self = .stage(try ControlCommand.stage(texts[1]), nil, force: why)
    case ("STAGE", 2):
      let stage = try ControlCommand.stage(texts[1])
      guard stage == .live else {
        throw Invalid(message: "ERR a percentage counts in stage live alone; say STAGE live \(texts[2])")
      }
      self = .stage(stage, try ControlCommand.percentage(texts[2]), force: why)
    case ("WHICH", 1...): self = .which(Array(words.dropFirst()))
    case ("FILL", 1...ControlCommand.maximumKeys): self = .keys(.fill, Array(words.dropFirst()))
    case ("REPAIR", 1...ControlCommand.maximumKeys): self = .keys(.repair, Array(words.dropFirst()))
    case ("CHECK", 1...ControlCommand.maximumKeys): self = .keys(.check, Array(words.dropFirst()))
    case ("WALKED", 2):
      guard let walked = Walked(rawValue: texts[1].lowercased()), let losses = UInt64(texts[2])
      else {
        throw Invalid(
          message: "ERR say WALKED new or WALKED both, and the number times_found_empty from STATUS")
      }
      self = .walked(walked, losses: losses)
    case ("FILL", 1...), ("REPAIR", 1...), ("CHECK", 1...):
      throw Invalid(message: "ERR more than \(ControlCommand.maximumKeys) keys at once; send them in parts")
    case ("AUTH", 1...2): self = .auth(words[words.count - 1])
    case ("COMMAND", _), ("CLIENT", _), ("INFO", _): self = .greeting
    case ("STATUS", _), ("REARM", _), ("RELOAD", _), ("RAMP", _), ("STAGE", _), ("WHICH", _), ("AUTH", _),
      ("CLOSE", _), ("APPROVE", _), ("PING", _), ("QUIT", _), ("FILL", _), ("REPAIR", _), ("CHECK", _),
      ("WALKED", _):
      throw Invalid(message: "ERR wrong number of arguments for '\(name)'; COMMANDS shows how it is used")
    case ("POST", _), ("PUT", _), ("HOST:", _),
      ("GET", 2) where texts[arguments.count].hasPrefix("HTTP/"):
      throw Invalid(message: "ERR this is no web server", isHTTP: true)
    default:
      throw Invalid(
        message:
          "ERR unknown control command '\(name.prefix(64))'; COMMANDS lists them. Clients of the cache connect to another port"
      )
    }
  }

  private static func smallKeys(_ words: [[UInt8]]) throws(Invalid) -> (ValueKind, [[UInt8]])? {
    guard let name = words.first, name.count == 9,
      String(decoding: name, as: UTF8.self).uppercased() == "FILLSMALL"
    else { return nil }
    guard (3...maximumKeys + 2).contains(words.count) else {
      throw Invalid(message: "ERR say FILLSMALL, a type, and 1 to \(maximumKeys) keys")
    }
    let kind = ValueKind(name: String(decoding: words[1], as: UTF8.self))
    switch kind {
    case .string, .hash, .set, .sortedSet, .list, .stream: return (kind, Array(words.dropFirst(2)))
    case .none, .other: throw Invalid(message: "ERR FILLSMALL takes string, hash, set, zset, list or stream")
    }
  }

  /// Takes `FORCE why` or `RESUME why` off the end of an order.
  private static func takeReason(_ texts: inout [String], of name: String) throws(Invalid) -> String? {
    let word = name == "REARM" ? "RESUME" : "FORCE"
    guard name == "REARM" || name == "STAGE" || name == "RAMP",
      let place = texts.dropFirst().firstIndex(where: { $0.uppercased() == word })
    else { return nil }
    let why = reason(texts[(place + 1)...])
    guard !why.isEmpty else { throw Invalid(message: "ERR say why behind \(word): it is written down") }
    texts.removeSubrange(place...)
    return why
  }

  /// Takes `KIND=ttl` and `KEYS=price:*` off the beginning.
  private static func meant(
    _ words: ArraySlice<String>
  ) throws(Invalid) -> (meant: Cutover.Meant, rest: ArraySlice<String>) {
    var meant = Cutover.Meant()
    var rest = words
    while let word = rest.first {
      if word.hasPrefix("KIND=") {
        let name = String(word.dropFirst(5))
        let kinds = DivergenceKind.allCases.filter { $0 != .timeout }
        guard let kind = kinds.first(where: { $0.name == name.lowercased() }) else {
          throw Invalid(
            message: "ERR no kind of difference is called '\(name.prefix(64))'; "
              + "the kinds are \(kinds.map(\.name).joined(separator: ", "))")
        }
        meant.kind = kind
      } else if word.hasPrefix("KEYS=") {
        let keys = Array(word.dropFirst(5).utf8)
        guard (1...1000).contains(keys.count) else {
          throw Invalid(message: "ERR say KEYS= and a name of up to 1000 bytes, in which * is anything")
        }
        meant.keys = keys
      } else {
        return (meant, rest)
      }
      rest = rest.dropFirst()
    }
    return (meant, rest)
  }

  /// Status, ledger and log keep the beginning.
  private static func reason(_ words: ArraySlice<String>) -> String {
    String(words.joined(separator: " ").prefix(500))
  }

  /// Keys of one order, so that one connection cannot ask for work without end.
  static let maximumKeys = 1000

  private static func stage(_ text: String) throws(Invalid) -> Stage {
    guard let stage = Stage(name: text.lowercased()) else {
      throw Invalid(
        message:
          "ERR unknown stage '\(text.prefix(64))'; the stages are \(Stage.allCases.map(\.name).joined(separator: ", "))"
      )
    }
    return stage
  }

  private static func percentage(_ text: String) throws(Invalid) -> Percentage {
    guard let percentage = Percentage(text) else {
      throw Invalid(
        message: "ERR '\(text.prefix(64))' is no percentage; write 0 to 100, with two decimals at most")
    }
    return percentage
  }

  static let helpLines = [
    "ROLLBACK [reason]      every key back to legacy, at once; stays until REARM",
    "REARM [FLEET]          lift the rollback of this proxy, into stage shadow; FLEET removes the file that others share",
    "REARM [FLEET] RESUME why   lift it, back to where it was; refused while new fails",
    "STATUS [HOUR]          everything there is to know, as JSON; HOUR adds the last hour, window by window",
    "STAGE name [percent]   go to off, dualwrite, shadow, live, rampdown or complete",
    "RAMP percent           change the share of keys that new answers in live",
    "STAGE ... FORCE why    and RAMP ... FORCE why: although the gates of the step are not met",
    "CLOSE why              what is known to differ, and a pause, are answered for, until it differs in another way",
    "CLOSE [KIND=k] [KEYS=p] why   differences of a kind, or of keys like price:*, are meant to be",
    "REOPEN [why]           what was closed is open again",
    "APPROVE                yes to the step for which a plan asks",
    "PAUSE why              no step up, by a plan or an order, until RESUME; guardrails go on",
    "RESUME [why]           ends a pause that is no guardrail's",
    "WHICH key [key ...]    where a key goes and why",
    "CHECK key [key ...]    ask both stacks, in order with the traffic: equal, or what differs",
    "REPAIR key [key ...]   make the other stack's key what its primary's is",
    "FILL key [key ...]     bring keys from legacy to new that new lacks",
    "FILLSMALL type key [key ...]  the same for small keys of one type: a letter for each, c p a, t for another type, or - for FILL to do",
    "RELOAD [RESHUFFLE]     read the flag file now; RESHUFFLE lets keys move back and forth",
    "AUTH password          when the proxy has one",
    "COMMANDS               this list; HELP too, but redis-cli keeps that word to itself",
  ]
}
