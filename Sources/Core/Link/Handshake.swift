import SluiceCommands
import SluiceRESP
import SluiceServers

/// The first words on a connection to a stack: who we are, and who it is.
///
/// After the login come `PING` (does it take commands at all?), `TIME`, `CLIENT ID`, `INFO server` and
/// `DBSIZE`: the run of the server and the number of its keys tell a stack that lost everything from one that
/// only lost its connection. A server that refuses one of these four is not turned away; it is just not known
/// so well. One that answers with another type than Redis does is: what it would say to commands is nobody's
/// guess.
///
/// Where it is to be learned what server this is, `INFO memory`, `INFO modules`, `CONFIG GET databases`, `FUNCTION DUMP` and
/// `COMMAND` stand before `DBSIZE`. `FUNCTION DUMP` is a dump of no key at all, and bears the version of all dumps of the server. They
/// may be refused, and answered by anything.
struct Handshake {
  /// What the server said of itself.
  struct Greeting: Equatable {
    /// The number of this connection.
    var client: Int?
    /// What changes when the server starts again: `run_id`.
    var run: [UInt8]?
    /// The `run_id` of the server itself, where layers that stand before it tell another one.
    var server: [UInt8]?
    /// The run that another process of ours would find again: one that layers have made up ends with this one.
    var lastingRun: [UInt8]? { run == server ? run : nil }
    /// `redis_version`.
    var version: [UInt8]?
    /// Whether it has `MULTI`: layers and the embedded engine have not.
    var hasTransactions = true
    /// Whether it speaks RESP3: it has just done so.
    var hasRESP3 = false
    /// Keys in the selected database.
    var keys: Int?
  }

  enum Outcome: Equatable {
    /// More replies are due.
    case wait
    /// Everything that was asked is answered.
    case answered
    case refused(String)
  }

  private enum Question {
    case admission, ping, time, client, server, size, emptying, farewell
    case newer, older
    case memory, modules, databases, functions, commands
  }

  private(set) var greeting = Greeting()
  /// What server this is; nil if that was not to be learned.
  private(set) var facts: ServerFacts?
  /// What commands it has; nil if it would not tell, or was not asked.
  private(set) var commands: [ServerCommand]?
  /// Whose commands are known already; they are not read again.
  private let known: [UInt8]?
  var isKnown: Bool { known != nil && greeting.run == known }
  /// What was asked for once the server was known.
  private(set) var isEmptying = false
  private(set) var forgotten: Set<Int> = []
  /// The server's clock as it has just told, in nanoseconds since 1970; whoever takes it takes it once.
  private var time: Int64?
  private var questions: [(question: Question, words: String)] = []
  private var frames: [UInt8] = []

  /// - Parameters:
  ///   - learns: whether to ask what server this is.
  ///   - known: the run of a server that has told its commands; nil if none has.
  ///   - negotiates: whether to find out if it speaks RESP3. The connection is left in RESP2.
  init(_ endpoint: StackEndpoint, learns: Bool = false, known: [UInt8]? = nil, negotiates: Bool = true) {
    self.known = known
    if let password = endpoint.password {
      ask(endpoint.user.map { ["AUTH", $0, password] } ?? ["AUTH", password], .admission)
    }
    if endpoint.database != 0 { ask(["SELECT", "\(endpoint.database)"], .admission) }
    // PING tells whether the server takes commands at all: it may want a password, or still be loading.
    ask(["PING"], .ping)
    ask(["TIME"], .time)
    ask(["CLIENT", "ID"], .client)
    ask(["INFO", "server"], .server)
    if negotiates {
      ask(["HELLO", "3"], .newer)
      ask(["HELLO", "2"], .older)
    }
    if learns {
      facts = ServerFacts()
      ask(["INFO", "memory"], .memory)
      ask(["INFO", "modules"], .modules)
      ask(["CONFIG", "GET", "databases"], .databases)
      ask(["FUNCTION", "DUMP"], .functions)
      ask(["COMMAND"], .commands)
    }
    ask(["DBSIZE"], .size)
  }

  /// Nothing on the stack may be served.
  mutating func askToBeEmptied() {
    isEmptying = true
    ask(["FLUSHDB", "ASYNC"], .emptying)
  }

  /// Earlier connections were given up with commands on their way: what the server has of them in its buffers must not be
  /// carried out behind those of this connection.
  mutating func askToForget(_ clients: Set<Int>) {
    forgotten = clients
    for client in clients.sorted() { ask(["CLIENT", "KILL", "ID", "\(client)"], .farewell) }
  }

  private mutating func ask(_ words: [String], _ question: Question) {
    frames += InlineRequest.frame(of: words.map { Array($0.utf8) })
    // Passwords are in the words behind the first.
    questions.append((question, question == .admission ? words[0] : words.joined(separator: " ")))
  }

  /// What has to be sent now.
  mutating func take() -> [UInt8] {
    defer { frames = [] }
    return frames
  }

  /// Whether the reply that comes next is one of RESP3.
  var awaitsRESP3: Bool { questions.first?.question == .newer }

  /// Takes the reply to the oldest question.
  mutating func replied(_ reply: Span<UInt8>) -> Outcome {
    guard !questions.isEmpty else { return .refused("sent a reply that nobody asked for") }
    let (question, words) = questions.removeFirst()
    if reply.count == 0 || reply[0] == UInt8(ascii: "-") {
      let text = reply.extracting(1..<max(1, reply.count - 2))
      let reason = text.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
      switch question {
      case .admission, .ping: return .refused("refused the connection: \(reason)")
      case .emptying: return .refused("refused to be emptied, and what it holds may be old: \(reason)")
      case .older where greeting.hasRESP3: return .refused("refused HELLO 2: \(reason)")
      case .time, .client, .server, .size, .farewell, .newer, .older: break
      case .commands: facts?.tellsCommands = false
      case .memory, .modules, .databases, .functions: break
      }
    } else {
      guard Handshake.isAnswer(reply, to: question) else {
        return .refused("is no Redis: it answered \(words) with \(Handshake.shown(reply))")
      }
      switch question {
      case .time: time = Handshake.time(in: reply)
      case .client: greeting.client = ReplyReader.integer(reply)
      case .server:
        greeting.run = Handshake.value(of: "run_id:", in: reply)
        greeting.version = Handshake.value(of: "redis_version:", in: reply)
        greeting.server = Handshake.value(of: "endpoint_run_id:", in: reply) ?? greeting.run
        if greeting.server?.isEmpty == true { greeting.server = nil }
        greeting.hasTransactions =
          Handshake.value(of: "sluice_layers:", in: reply) == nil
          && Handshake.value(of: "sluice_engine:", in: reply) == nil
        facts?.told(server: Handshake.text(reply))
      case .memory: facts?.told(memory: Handshake.text(reply))
      case .modules: facts?.told(modules: Handshake.text(reply))
      case .databases: facts?.databases = Handshake.databases(in: reply)
      case .commands:
        if !isKnown { commands = ServerCommand.all(in: reply) }
        let tells = isKnown || commands != nil
        facts?.tellsCommands = tells
      case .functions:
        if let dump = ReplyReader.string(reply) { facts?.told(dump: reply.extracting(dump)) }
      case .size: greeting.keys = ReplyReader.integer(reply)
      case .newer: greeting.hasRESP3 = true
      case .older: break
      case .admission, .ping, .emptying, .farewell: break
      }
    }
    return questions.isEmpty ? .answered : .wait
  }

  /// Whether a reply that is no error is of the type, and in the range, of what Redis answers.
  private static func isAnswer(_ reply: Span<UInt8>, to question: Question) -> Bool {
    switch question {
    case .admission, .emptying: isText("OK", reply)
    case .ping: isText("PONG", reply)
    case .client: ReplyReader.integer(reply).map { $0 > 0 } ?? false
    case .size: ReplyReader.integer(reply).map { $0 >= 0 } ?? false
    case .farewell: ReplyReader.integer(reply) != nil
    case .newer: reply[0] == UInt8(ascii: "%")
    case .older: reply[0] == UInt8(ascii: "*")
    case .time: time(in: reply) != nil
    case .server: reply[0] == UInt8(ascii: "$") && ReplyReader.string(reply) != nil
    case .memory, .modules, .databases, .functions, .commands: true
    }
  }

  /// The content of a string; empty for any other reply.
  private static func text(_ reply: Span<UInt8>) -> String {
    guard let place = ReplyReader.string(reply) else { return "" }
    return reply.extracting(place).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }

  /// What `CONFIG GET databases` answers: the name and the number.
  private static func databases(in reply: Span<UInt8>) -> Int? {
    guard let words = ReplyReader.elements(of: reply), words.count == 2 else { return nil }
    return Int(text(reply.extracting(words[1])))
  }

  private static func isText(_ text: String, _ reply: Span<UInt8>) -> Bool {
    guard let place = ReplyReader.string(reply) else { return false }
    return reply.extracting(place).withUnsafeBufferPointer { $0.elementsEqual(text.utf8) }
  }

  /// The beginning of a reply, for a person: its first line, without what a terminal would act on.
  private static func shown(_ reply: Span<UInt8>) -> String {
    let line = reply.withUnsafeBufferPointer { Array($0.prefix { $0 != 0x0d }.prefix(40)) }
    return "'"
      + String(decoding: line.map { (0x20..<0x7f).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
      + "'"
  }

  mutating func takeTime() -> Int64? { time.take() }

  /// What `TIME` answers: seconds and microseconds. Nil for anything else, and for a time that no clock
  /// shows.
  private static func time(in reply: Span<UInt8>) -> Int64? {
    guard let parts = ReplyReader.elements(of: reply), parts.count == 2 else { return nil }
    let numbers = parts.compactMap { part -> Int64? in
      let element = reply.extracting(part)
      guard let text = ReplyReader.string(element) else { return nil }
      return Int64(
        element.extracting(text).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) })
    }
    guard numbers.count == 2, (0..<1 << 32).contains(numbers[0]), (0..<1_000_000).contains(numbers[1]) else {
      return nil
    }
    return numbers[0] * 1_000_000_000 + numbers[1] * 1000
  }

  /// What stands behind `name` in the line that begins with it; nil if there is none.
  private static func value(of name: String, in reply: Span<UInt8>) -> [UInt8]? {
    guard let text = ReplyReader.string(reply) else { return nil }
    let bytes = reply.extracting(text).withUnsafeBufferPointer { Array($0) }
    for line in bytes.split(whereSeparator: { $0 == 10 || $0 == 13 }) where line.starts(with: name.utf8) {
      return Array(line.dropFirst(name.utf8.count))
    }
    return nil
  }
}
