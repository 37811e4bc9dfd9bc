import SluiceCommands
import SluiceCore
import SluiceMemoryEngine
import SluiceRESP

/// A stack's server: the embedded engine as a model of Redis, with the life around it that an engine has not: connections, a run, `MULTI`,
/// and days on which it hangs, refuses writes, or starts again with what it had some time ago.
///
/// In the one thread of its world: the proof behind `@unchecked Sendable`.
final class SimServer: Actor, @unchecked Sendable {
  /// What it answers beside what the engine says.
  enum Mood { case well, outOfMemory, readOnly, loading }

  unowned(unsafe) let world: SimWorld
  let name: String
  private let engine: EngineBox
  private var links: [Link] = []
  private var lastID: Int64 = 0
  private(set) var run: Int
  private var alarm = Alarm()
  var mood = Mood.well
  /// Until when it answers nothing.
  var hangsUntil: UInt64 = 0
  /// Nobody listens.
  private(set) var isDown = false
  /// A copy of everything, to come back with.
  private var snapshot: [(key: [UInt8], dump: [UInt8], expiry: Int)] = []
  /// How often it has lost what it held: by a start that found less, or because it was told to forget it all.
  private(set) var losses = 0
  private(set) var commands: UInt64 = 0

  init(_ world: SimWorld, name: String, run: Int) {
    self.world = world
    self.name = name
    self.run = run
    engine = EngineBox(world)
  }

  // MARK: Life

  func connect(inbound: Pipe, outbound: Pipe) {
    lastID += 1
    let link = Link(self, id: lastID, inbound: inbound, outbound: outbound)
    inbound.reader = link
    outbound.writer = link
    links.append(link)
  }

  func wake() {
    let time = max(world.now + world.turnTime(), hangsUntil)
    if alarm.isSooner(time) { world.agenda.add(self, at: time) }
  }

  override func act() {
    guard alarm.rings(at: world.now), !isDown else { return }
    if hangsUntil > world.now { return wake() }
    // As epoll tells them: whose bytes came first is read first.
    for link in links.filter({ $0.hasNews }).sorted(by: { $0.newsAt < $1.newsAt }) {
      link.hasNews = false
      while !link.isGone, let bytes = link.inbound.read(atMost: 1 << 16) { serve(bytes, of: link) }
      link.send()
      if link.inbound.isOver { link.close() }
    }
    links.removeAll(where: \.isGone)
  }

  /// The process is gone; what was on its way to it is never carried out.
  func stop() {
    isDown = true
    for link in links { link.cut() }
    links = []
  }

  /// What comes up has another run, and nothing, or what it had when the copy was made.
  func start(withSnapshot: Bool) {
    run = Int(world.chance.next() >> 16)
    isDown = false
    mood = .well
    hangsUntil = 0
    engine.ask("FLUSHALL")
    losses += 1
    guard withSnapshot else { return }
    for (key, dump, expiry) in snapshot where expiry < 0 || expiry > engine.milliseconds {
      let time = Array("\(max(0, expiry))".utf8)
      _ = engine.ask([Array("RESTORE".utf8), key, time, dump, Array("ABSTTL".utf8)])
    }
  }

  func takeSnapshot() {
    snapshot = keys().map { key in
      let dump = engine.ask([Array("DUMP".utf8), key])
      let range = ReplyReader.string(dump.span)
      return (key, range.map { Array(dump[$0]) } ?? [], expiry(of: key))
    }
  }

  /// Room was needed: some key is gone.
  func evict() {
    let keys = keys()
    guard !keys.isEmpty else { return }
    _ = engine.ask([Array("DEL".utf8), keys[world.chance.below(keys.count)]])
  }

  func cutOne() {
    guard !links.isEmpty else { return }
    let place = world.chance.below(links.count)
    links[place].cut()
    links.remove(at: place)
  }

  /// Nobody needs it any more.
  func end() {
    isDown = true
    for link in links { link.close() }
    links = []
  }

  // MARK: What it holds, for the checkers

  func keys() -> [[UInt8]] {
    let reply = engine.ask([Array("KEYS".utf8), Array("*".utf8)])
    let elements = ReplyReader.elements(of: reply.span) ?? []
    return elements.compactMap { element in
      let piece = Array(reply[element])
      return ReplyReader.string(piece.span).map { Array(piece[$0]) }
    }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  var isEmpty: Bool { ReplyReader.integer(engine.ask("DBSIZE").span) == 0 }

  /// In milliseconds since 1970; negative for none.
  func expiry(of key: [UInt8]) -> Int {
    ReplyReader.integer(engine.ask([Array("PEXPIRETIME".utf8), key]).span) ?? -1
  }

  func ask(_ words: [[UInt8]]) -> [UInt8] { engine.ask(words) }

  // MARK: Commands

  private func serve(_ bytes: Bytes, of link: Link) {
    var input = link.rest
    link.rest = Bytes()
    if input.count == 0 { input = bytes } else { input.append(bytes.span) }
    let offset = carryOut(input.span, of: link)
    guard offset < input.count, !link.isGone else { return }
    input.drop(offset)
    link.rest = input
  }

  /// Returns how many bytes were whole commands.
  private func carryOut(_ span: Span<UInt8>, of link: Link) -> Int {
    var offset = 0
    loop: while offset < span.count, !link.isGone {
      let ahead = span.extracting(offset..<span.count)
      switch link.framer.next(ahead) {
      case .command(let length):
        carryOut(ahead.extracting(0..<length), link.framer.arguments, of: link)
        offset += length
      case .incomplete: break loop
      case .inline(let length), .empty(let length): offset += length
      case .failure: link.close()
      }
    }
    return offset
  }

  private func carryOut(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], of link: Link) {
    commands &+= 1
    let name = Word(frame.extracting(arguments[0].range))
    if mood == .loading, name != .info, name != .client, name != .hello {
      return link.say("-LOADING Redis is loading the dataset in memory\r\n")
    }
    switch name {
    case .multi:
      link.queue = []
      link.say("+OK\r\n")
    case .discard:
      let had = link.queue != nil
      link.forget()
      link.say(had ? "+OK\r\n" : "-ERR DISCARD without MULTI\r\n")
    case .exec: exec(link)
    case .info: info(frame, arguments, link)
    case .client: client(frame, arguments, link)
    case .time:
      let now = world.wallClock
      let seconds = "\(now / 1_000_000_000)"
      let micros = "\(now % 1_000_000_000 / 1000)"
      link.say("*2\r\n$\(seconds.count)\r\n\(seconds)\r\n$\(micros.count)\r\n\(micros)\r\n")
    case .hello, .function, .command: link.say("-ERR unknown command\r\n")
    default:
      if mood != .well, let refusal = refusal(of: frame, arguments) {
        if link.queue != nil { link.isSpoilt = true }
        if world.story != nil { tell(frame, arguments, Array(refusal.utf8), link) }
        return link.say(refusal)
      }
      if link.queue != nil {
        link.queue?.append(frame.withUnsafeBufferPointer { Array($0) })
        if world.story != nil { tell(frame, arguments, Array("+QUEUED\r\n".utf8), link) }
        return link.say("+QUEUED\r\n")
      }
      if name == .flushdb || name == .flushall { losses += 1 }
      let start = link.output.count
      engine.execute(frame, arguments, &link.session, &link.output)
      if world.story != nil { tell(frame, arguments, Array(link.output[start...]), link) }
    }
  }

  private func tell(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ reply: [UInt8], _ link: Link) {
    let words = arguments.map { argument in
      frame.extracting(argument.range).withUnsafeBufferPointer {
        String(decoding: $0.prefix(24), as: UTF8.self)
      }
    }
    world.tell("\(name) [\(link.id)] \(words.joined(separator: " ")) → \(excerpt(reply.span))")
  }

  private func refusal(of frame: Span<UInt8>, _ arguments: [ArgumentRange]) -> String? {
    let table = CommandTable.shared
    let spec = table.specs[table.resolve(in: frame, arguments: arguments.span)]
    if case .local = spec.scope { return nil }
    guard spec.access == .write else { return nil }
    switch mood {
    case .well, .loading: return nil
    case .readOnly: return "-READONLY You can't write against a read only replica.\r\n"
    case .outOfMemory:
      let name = Word(frame.extracting(arguments[0].range))
      let makesRoom = [Word.del, .unlink, .flushdb, .flushall, .srem, .hdel, .lpop, .rpop, .zrem].contains(
        name)
      return makesRoom ? nil : "-OOM command not allowed when used memory > 'maxmemory'.\r\n"
    }
  }

  private func exec(_ link: Link) {
    guard let queue = link.queue else { return link.say("-ERR EXEC without MULTI\r\n") }
    let isSpoilt = link.isSpoilt
    link.forget()
    if isSpoilt { return link.say("-EXECABORT Transaction discarded because of previous errors.\r\n") }
    link.say("*\(queue.count)\r\n")
    var framer = RequestFramer()
    for frame in queue {
      guard case .command = framer.next(frame.span) else { continue }
      engine.execute(frame.span, framer.arguments, &link.session, &link.output)
    }
  }

  private func info(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ link: Link) {
    let run = String(run, radix: 16)
    let text =
      "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n"
      + "run_id:\(String(repeating: "0", count: max(0, 40 - run.count)))\(run)\r\n"
    link.say("$\(text.utf8.count)\r\n\(text)\r\n")
  }

  private func client(_ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ link: Link) {
    let word = arguments.count > 1 ? Word(frame.extracting(arguments[1].range)) : .client
    guard word == .kill else { return engine.execute(frame, arguments, &link.session, &link.output) }
    let id = frame.extracting((arguments.last ?? arguments[0]).range).withUnsafeBufferPointer {
      Int64(String(decoding: $0, as: UTF8.self)) ?? -1
    }
    let killed = links.first { $0.id == id && !$0.isGone && $0 !== link }
    killed?.cut()
    link.say(":\(killed == nil ? 0 : 1)\r\n")
  }

  /// One connection, seen from the server.
  final class Link: PipeEnd {
    unowned(unsafe) let server: SimServer
    let id: Int64
    let inbound: Pipe
    let outbound: Pipe
    var session: MemorySession
    var framer = RequestFramer()
    var rest = Bytes()
    var output: [UInt8] = []
    private var unsent = Bytes()
    var queue: [[UInt8]]?
    var isSpoilt = false
    private(set) var isGone = false

    init(_ server: SimServer, id: Int64, inbound: Pipe, outbound: Pipe) {
      self.server = server
      self.id = id
      self.inbound = inbound
      self.outbound = outbound
      session = MemorySession(id: id)
    }

    /// Something has come, or room has, since that moment.
    var hasNews = false
    private(set) var newsAt: UInt64 = 0

    func pipeHasNews(_ pipe: Pipe) { hear() }
    func pipeHasRoom(_ pipe: Pipe) { hear() }

    private func hear() {
      if !hasNews { newsAt = server.world.now }
      hasNews = true
      server.wake()
    }

    func say(_ text: String) { output.append(contentsOf: text.utf8) }

    func forget() {
      queue = nil
      isSpoilt = false
    }

    func send() {
      guard !isGone else { return }
      if !output.isEmpty {
        unsent.append(output)
        output.removeAll(keepingCapacity: true)
      }
      guard unsent.count > 0 else { return }
      unsent.drop(outbound.write(unsent))
      if unsent.count == 0 { unsent = Bytes() }
    }

    func close() {
      isGone = true
      outbound.close()
      inbound.abandon()
    }

    /// Both directions, at some byte.
    func cut() {
      isGone = true
      inbound.abandon()
      inbound.reset()
      outbound.reset()
    }
  }
}

/// The engine, where it stays.
final class EngineBox {
  private var engine: MemoryEngine
  private var session = MemorySession(id: 0)
  private let clock: () -> UInt64

  init(_ world: SimWorld) {
    let clock: () -> UInt64 = { [unowned world] in UInt64(world.wallClock / 1_000_000) }
    self.clock = clock
    engine = MemoryEngine(maxBytes: 1 << 40, seed: world.chance.next(), clock: clock)
  }

  var milliseconds: Int { Int(clock()) }

  func execute(
    _ frame: Span<UInt8>, _ arguments: [ArgumentRange], _ session: inout MemorySession,
    _ output: inout [UInt8]
  ) {
    _ = engine.execute(frame, arguments, session: &session, into: &output)
  }

  func ask(_ words: [[UInt8]]) -> [UInt8] {
    var framer = RequestFramer()
    let frame = InlineRequest.frame(of: words)
    guard case .command = framer.next(frame.span) else { return [] }
    var output: [UInt8] = []
    _ = engine.execute(frame.span, framer.arguments, session: &session, into: &output)
    return output
  }

  @discardableResult func ask(_ words: String...) -> [UInt8] { ask(words.map { Array($0.utf8) }) }
}

/// A command's name of up to eight letters, in capitals, as a number.
struct Word: Equatable, Hashable, ExpressibleByStringLiteral {
  private let letters: UInt64

  init(_ bytes: Span<UInt8>) {
    var letters: UInt64 = 0
    if bytes.count <= 8 {
      for index in 0..<bytes.count {
        let byte = bytes[index]
        letters = letters << 8 | UInt64((97...122).contains(byte) ? byte - 32 : byte)
      }
    }
    self.letters = letters
  }

  init(stringLiteral value: StaticString) {
    letters = value.withUTF8Buffer { $0.reduce(0) { $0 << 8 | UInt64($1) } }
  }

  static let multi: Word = "MULTI", exec: Word = "EXEC", discard: Word = "DISCARD", info: Word = "INFO"
  static let client: Word = "CLIENT", time: Word = "TIME", hello: Word = "HELLO", function: Word = "FUNCTION"
  static let command: Word = "COMMAND", kill: Word = "KILL", flushdb: Word = "FLUSHDB",
    flushall: Word = "FLUSHALL"
  static let del: Word = "DEL", unlink: Word = "UNLINK", srem: Word = "SREM", hdel: Word = "HDEL"
  static let lpop: Word = "LPOP", rpop: Word = "RPOP", zrem: Word = "ZREM"
}
