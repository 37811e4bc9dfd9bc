import SluiceRESP
import SluiceRouting
import Testing

@testable import SluiceCore

/// Plays a transcript on real machines without a socket, a clock or a thread.
///
/// A line that is not indented is something that happens; the indented ones behind it are what the lane wants done because of it, all of
/// it, in this order:
///
///     a says SET k v
///       legacy gets SET k v
///     legacy says +OK
///       new gets SET k v
///       a gets +OK
///
/// What happens: `NAME says COMMAND ; COMMAND` and `NAME leaves` (a client, who comes with the first word), `STACK says REPLY ; REPLY`,
/// `STACK closes`, `STACK goes away`, `STACK comes back` (with `empty`, as another server that holds nothing), `stage STAGE`, `tick`,
/// `N ms pass`. In `live` new has the keys that begin with `n`. A reply is written as in RESP, a bulk string as `$` and its bytes, an
/// array in brackets. Hand-shakes are answered and not told, but for a stack that is emptied.
///
/// One thread plays: that is the proof behind `@unchecked Sendable`.
final class Play: @unchecked Sendable {
  private let loop = PlayLoop()
  private let laneSet: LaneSet
  private var lane: Lane { laneSet.lanes[0] }
  private var clients: [String: (session: ClientSession, socket: PlaySocket)] = [:]
  private var servers: [StackID: Server] = [:]
  private var version: UInt64 = 0
  private var heard: [String] = []

  private final class Server: @unchecked Sendable {
    var isAway = false
    var run = 1
    var keys = 0
    var socket: PlaySocket?
  }

  init(_ stage: Stage, _ change: (inout ProxySettings) -> Void = { _ in }) {
    var settings = ProxySettings()
    let clock = loop
    settings.world = World(timeOfDay: { 1_700_000_000_000_000_000 + Int64(clock.now) }, random: { 7 })
    change(&settings)
    var endpoints: [StackID: StackEndpoint] = [:]
    for stack in StackID.allCases {
      endpoints[stack] = StackEndpoint(address: .unix(path: stack.name), label: stack.name)
      servers[stack] = Server()
    }
    laneSet = LaneSet(
      settings, on: [loop], legacy: endpoints[.legacy].unsafelyUnwrapped,
      new: endpoints[.new].unsafelyUnwrapped, routing: Play.routing(stage, 0), journal: nil,
      isContinued: false, desk: NoPasswords())
    loop.carryOut = { [unowned self] in carryOut() }
    laneSet.prepare(0)
    laneSet.wasTakenOver()
    laneSet.open(0)
    run()
    heard = []
  }

  private static func routing(_ stage: Stage, _ version: UInt64) -> RoutingSnapshot {
    let hash = BucketHash(prefix: Array("play".utf8))
    let rules = TargetingRule.choose(
      [.init(condition: .hasPrefix(Array("n".utf8)), rule: .variant(.new))], otherwise: .variant(.legacy))
    return RoutingSnapshot(
      version: version, stage: stage, isRolledBack: false,
      cohort: Cohort(rules: rules, defaultVariant: .legacy, hash: hash),
      sample: Bucketing(hash: hash, share: .everything))
  }

  // MARK: The transcript

  func callAsFunction(_ transcript: String, _ place: SourceLocation = #_sourceLocation) {
    var played: [String] = []
    for line in transcript.split(separator: "\n") where !line.hasPrefix(" ") {
      heard = []
      happens(String(line))
      run()
      played.append(String(line))
      played += heard.map { "  \($0)" }
    }
    let expected = transcript.split(separator: "\n").map(String.init)
    if played != expected {
      Issue.record("what came of it:\n\(played.joined(separator: "\n"))", sourceLocation: place)
    }
  }

  private func happens(_ line: String) {
    let words = line.split(separator: " ").map(String.init)
    if words[0] == "stage", let stage = Stage.allCases.first(where: { $0.name == words[1] }) {
      version += 1
      return laneSet.adopt(Play.routing(stage, version), deadline: 250_000_000) { [unowned self] _ in
        heard.append("\(stage.name) is in force")
      }
    }
    if words[0] == "tick" { return laneSet.tick(0) }
    if words.count == 3, words[1] == "ms", let milliseconds = UInt64(words[0]) {
      return loop.pass(milliseconds * 1_000_000)
    }
    let rest = words.dropFirst(2).joined(separator: " ")
    if let stack = StackID.allCases.first(where: { $0.name == words[0] }), let server = servers[stack] {
      switch (words[1], rest) {
      case ("says", _): server.socket?.link?.read(Bytes(rest.components(" ; ").flatMap(Play.reply)).span)
      case ("closes", _): close(server)
      case ("goes", _):
        server.isAway = true
        close(server)
      case ("comes", _):
        server.isAway = false
        if rest.hasSuffix("empty") { server.run += 1 }
        lane.connectNow()
      default: Issue.record("nobody knows what \(line) means")
      }
    } else if words[1] == "says" {
      let (session, _) = client(words[0])
      session.read(Bytes(rest.components(" ; ").flatMap(Play.command)).span)
    } else if words[1] == "leaves" {
      clients.removeValue(forKey: words[0])?.session.left()
    } else {
      Issue.record("nobody knows what \(line) means")
    }
  }

  private func client(_ name: String) -> (session: ClientSession, socket: PlaySocket) {
    if let client = clients[name] { return client }
    let socket = PlaySocket(name)
    let session = laneSet.session(at: ClientPlace(), on: lane)
    session.arrived(by: socket)
    clients[name] = (session, socket)
    return (session, socket)
  }

  private func close(_ server: Server) {
    let socket = server.socket
    server.socket = nil
    socket?.link?.closed("closed the connection")
  }

  private func run() {
    carryOut()
    while loop.turn() { carryOut() }
  }

  // MARK: What the lane wants done

  private func carryOut() {
    while !lane.effects.isEmpty {
      let effects = lane.effects
      lane.effects = []
      for effect in effects { perform(effect) }
    }
  }

  private func perform(_ effect: Effect) {
    switch effect {
    case .endTurn: loop.execute { [self] in lane.endTurn() }
    case .write(let socket, let bytes): (socket as? PlaySocket).map { written(bytes.span, to: $0) }
    case .whenTaken(_, let work): work()
    case .read(let socket, let isOn):
      if let socket = socket as? PlaySocket, socket.isRead != isOn {
        socket.isRead = isOn
        heard.append("\(socket.name) is \(isOn ? "read again" : "not read")")
      }
    case .close(let socket, let ending): (socket as? PlaySocket).map { closed($0, ending) }
    case .connect(let endpoint, let end): connect(endpoint, end)
    case .arm(let delay, let work): loop.arm(UInt64(max(0, delay)), work)
    case .post(let lane, let work): lane.loop.execute(work)
    case .report, .yield: break
    }
  }

  private func connect(_ endpoint: StackEndpoint, _ end: any LinkEnd) {
    guard let stack = StackID.allCases.first(where: { $0.name == endpoint.label }),
      let server = servers[stack]
    else { return }
    loop.execute { [self] in
      guard !server.isAway else { return end.closed("Connection refused") }
      let socket = PlaySocket(stack.name)
      socket.link = end
      server.socket = socket
      end.reached(socket, endpoint, isOpen: true)
      carryOut()
    }
  }

  private func closed(_ socket: PlaySocket, _ ending: Effect.Ending) {
    heard.append("\(socket.name) is \(ending == .reset ? "cut" : "closed")")
    if let link = socket.link {
      for server in servers.values where server.socket === socket { server.socket = nil }
      link.closed("closed the connection")
    } else {
      clients.removeValue(forKey: socket.name)?.session.left()
    }
  }

  private func written(_ bytes: Span<UInt8>, to socket: PlaySocket) {
    guard let link = socket.link else {
      heard.append("\(socket.name) gets \(Play.told(bytes))")
      return
    }
    var framer = RequestFramer(limits: .measuredBefore)
    var offset = 0
    while offset < bytes.count {
      let ahead = bytes.extracting(offset..<bytes.count)
      guard case .command(let length) = framer.next(ahead) else { break }
      let words = framer.arguments.map { argument in
        ahead.extracting(argument.range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
      }
      offset += length
      if let answer = answer(words, of: socket) {
        loop.execute { link.read(Bytes(Play.reply(answer)).span) }
      } else {
        heard.append("\(socket.name) gets \(words.joined(separator: " "))")
      }
    }
  }

  /// What a server says in a hand-shake; nil for what the transcript tells.
  private func answer(_ words: [String], of socket: PlaySocket) -> String? {
    guard let stack = StackID.allCases.first(where: { $0.name == socket.name }), !lane.connection(stack).isUp
    else { return nil }
    switch words[0] {
    case "PING": return "+PONG"
    case "TIME": return "[$\((1_700_000_000 + loop.now / 1_000_000_000)) $0]"
    case "CLIENT": return words[1] == "ID" ? ":7" : ":0"
    case "INFO" where words[1] == "server":
      return "$run_id:\(stack.name)-\(servers[stack]?.run ?? 0)\nredis_version:7.0.15"
    case "HELLO": return words[1] == "2" ? "[$server $redis]" : "-NOPROTO"
    case "DBSIZE": return ":\(servers[stack]?.keys ?? 0)"
    case "FLUSHDB":
      heard.append("\(socket.name) gets \(words.joined(separator: " "))")
      return "+OK"
    default: return "-ERR"
    }
  }

  // MARK: Notation

  private static func command(_ text: String) -> [UInt8] {
    InlineRequest.frame(of: InlineRequest.arguments(of: Array(text.utf8).span) ?? [])
  }

  private static func reply(_ text: String) -> [UInt8] {
    if text == "nil" { return Array("$-1\r\n".utf8) }
    if text.hasPrefix("$") {
      let bytes = text.dropFirst().utf8
      return Array("$\(bytes.count)\r\n".utf8) + bytes + [13, 10]
    }
    if text.hasPrefix("[") {
      let elements = text.dropFirst().dropLast().split(separator: " ").map(String.init)
      return Array("*\(elements.count)\r\n".utf8) + elements.flatMap(reply)
    }
    return Array(text.utf8) + [13, 10]
  }

  /// Replies as the transcript writes them.
  private static func told(_ bytes: Span<UInt8>) -> String {
    var framer = ReplyFramer()
    var offset = 0
    var texts: [String] = []
    while offset < bytes.count {
      let ahead = bytes.extracting(offset..<bytes.count)
      guard case .reply(let length) = framer.next(ahead) else { break }
      texts.append(one(ahead.extracting(0..<length)))
      offset += length
    }
    return texts.joined(separator: " ; ")
  }

  private static func one(_ reply: Span<UInt8>) -> String {
    if let elements = ReplyReader.elements(of: reply) {
      return "[\(elements.map { one(reply.extracting($0)) }.joined(separator: " "))]"
    }
    if reply[0] == UInt8(ascii: "$") {
      guard let range = ReplyReader.string(reply) else { return "nil" }
      return "$" + reply.extracting(range).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
    }
    return reply.extracting(0..<reply.count - 2).withUnsafeBufferPointer {
      String(decoding: $0, as: UTF8.self)
    }
  }
}

extension String {
  fileprivate func components(_ separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let place = rest.firstRange(of: separator) {
      parts.append(String(rest[..<place.lowerBound]))
      rest = rest[place.upperBound...]
    }
    return parts + [String(rest)]
  }

  private func firstRange(of part: String) -> Range<Index>? { self[...].firstRange(of: part) }
}

extension Substring {
  fileprivate func firstRange(of part: String) -> Range<Index>? {
    var place = startIndex
    while place < endIndex {
      if self[place...].hasPrefix(part) { return place..<index(place, offsetBy: part.count) }
      place = index(after: place)
    }
    return nil
  }
}

/// A socket that is only a name.
final class PlaySocket: Socket {
  let name: String
  /// Nil for a client's.
  var link: (any LinkEnd)?
  var isRead = true
  var unwritten: Int { 0 }
  var inKernel: Int { 0 }
  var unread: Int { 0 }

  init(_ name: String) { self.name = name }
}

/// A clock that goes when it is told to. One thread plays: that is the proof behind `@unchecked Sendable`.
final class PlayLoop: Loop, @unchecked Sendable {
  private var tasks: [() -> Void] = []
  private var timers: [(at: UInt64, work: () -> Void)] = []
  private(set) var now: UInt64 = 1_000_000_000_000
  var isCurrent: Bool { true }
  var carryOut: () -> Void = {}

  func execute(_ work: @escaping @Sendable () -> Void) { tasks.append(work) }
  func arm(_ delay: UInt64, _ work: @escaping () -> Void) { timers.append((now + delay, work)) }

  /// Does what waits; false if nothing did.
  func turn() -> Bool {
    guard !tasks.isEmpty else { return false }
    let tasks = self.tasks
    self.tasks = []
    for task in tasks {
      task()
      carryOut()
    }
    return true
  }

  func pass(_ nanoseconds: UInt64) {
    let end = now + nanoseconds
    while let next = timers.map(\.at).min(), next <= end {
      now = max(now, next)
      let due = timers.filter { $0.at <= now }
      timers.removeAll { $0.at <= now }
      for timer in due {
        timer.work()
        carryOut()
      }
      while turn() {}
    }
    now = end
  }
}

private struct NoPasswords: PasswordLooks {
  func look(
    _ given: [UInt8], _ stored: [any KnownPassword], from address: String, on loop: any Loop,
    _ done: @escaping @Sendable (PasswordOutcome) -> Void
  ) -> PasswordOutcome? { .wrong }

  func randomHex(digits: Int) -> String { String(repeating: "0", count: digits) }
}
