import DequeModule
import SluiceCore
import SluiceRESP

/// One client: a connection on which it asks in pipelines, and what it knows of what it has asked.
final class SimClient: Actor, PipeEnd {
  unowned(unsafe) let world: SimWorld
  let number: Int
  private var inbound: Pipe?
  private var outbound: Pipe?
  private var unsent = Bytes()
  private var framer = ReplyFramer()
  private var rest = Bytes()
  private var owed = Deque<Question>()
  private var alarm = Alarm()
  private var units: [UnitKey] = []
  private(set) var asked = 0
  private var resumesAt: UInt64 = 0
  var isDone = false

  /// What the reply that comes next answers.
  private enum Question {
    case echo([UInt8])
    case get(key: Int, since: UInt64)
    case getMany([Int], since: UInt64)
    case set([(key: Int, value: Int)], lives: UInt64?, since: UInt64)
    case setIfAbsent(key: Int, value: Int, since: UInt64)
    case exchange(key: Int, value: Int, since: UInt64)
    case delete(key: Int, since: UInt64)
    case take(key: Int, since: UInt64)
    case unit(Int, UnitKey.Command)
  }

  init(_ world: SimWorld, number: Int) {
    self.world = world
    self.number = number
    // A part of a text that its primary has evicted is written to nothing there, and no reply tells: docs/promises.md has it.
    let kinds = UnitKey.Kind.allCases.filter { $0 != .text || !world.plan.kinds.contains(.evict) }
    units = kinds.filter { _ in world.chance.happens(600) }.map {
      UnitKey(world, name: Array("u\(number):\($0)".utf8), kind: $0)
    }
  }

  func wake(in delay: UInt64) {
    let time = world.now + delay
    if alarm.isSooner(time) { world.agenda.add(self, at: time) }
  }

  func pipeHasNews(_ pipe: Pipe) { wake(in: world.turnTime()) }
  func pipeHasRoom(_ pipe: Pipe) { wake(in: 0) }

  override func act() {
    guard alarm.rings(at: world.now) else { return }
    guard let inbound, outbound != nil else {
      if !isDone { connect() }
      return
    }
    while let bytes = inbound.read(atMost: 1 << 16) { take(bytes) }
    if inbound.isOver { return lost() }
    send()
    if !isDone, owed.count < world.plan.pipeline {
      if world.now >= resumesAt { ask() } else { wake(in: resumesAt - world.now) }
    }
  }

  private func connect() {
    guard let (inbound, outbound) = world.connectClient() else { return wake(in: 5_000_000) }
    self.inbound = inbound
    self.outbound = outbound
    inbound.reader = self
    outbound.writer = self
    framer = ReplyFramer()
    rest = Bytes()
    unsent = Bytes()
    wake(in: world.latency())
  }

  /// The connection is gone: nobody knows what became of what was asked.
  private func lost() {
    inbound?.abandon()
    outbound?.close()
    (inbound, outbound) = (nil, nil)
    unsent = Bytes()
    world.clientLostConnection()
    while let question = owed.popFirst() { failed(question, end: .max) }
    wake(in: UInt64(world.chance.between(1, 20)) * 1_000_000)
  }

  /// It has nothing more to ask, and nothing is owed to it.
  var isQuiet: Bool { owed.isEmpty && unsent.count == 0 }

  func close() {
    isDone = true
    inbound?.abandon()
    outbound?.close()
    (inbound, outbound) = (nil, nil)
    owed = []
  }

  func cut() {
    outbound?.reset()
    inbound?.reset()
  }

  // MARK: Asking

  private func ask() {
    let count = world.chance.between(1, max(1, world.plan.pipeline - owed.count))
    for _ in 0..<count {
      guard world.mayAsk() else {
        isDone = true
        break
      }
      asked += 1
      next()
    }
    send()
    guard !isDone else { return }
    resumesAt = world.now + UInt64(world.chance.spread(1, world.plan.rest)) * 1000
    wake(in: resumesAt - world.now)
  }

  private func next() {
    let now = world.now
    let key = world.chance.below(world.plan.registers)
    switch world.chance.below(100) {
    case 0..<30:
      say(["GET", name(key)])
      owed.append(.get(key: key, since: now))
    case 30..<48:
      let (value, text) = world.newValue()
      say(["SET", name(key)], text)
      owed.append(.set([(key, value)], lives: nil, since: now))
    case 48..<52:
      let (value, text) = world.newValue()
      let lives = world.chance.spread(5, 3000)
      say([Array("SET".utf8), name(key), text, Array("PX".utf8), Array("\(lives)".utf8)])
      owed.append(.set([(key, value)], lives: UInt64(lives) * 1_000_000, since: now))
    case 52..<55:
      let (value, text) = world.newValue()
      say([Array("SET".utf8), name(key), text, Array("NX".utf8)])
      owed.append(.setIfAbsent(key: key, value: value, since: now))
    case 55..<57:
      let (value, text) = world.newValue()
      say(["GETSET", name(key)], text)
      owed.append(.exchange(key: key, value: value, since: now))
    case 57..<60:
      say(["DEL", name(key)])
      owed.append(.delete(key: key, since: now))
    case 60..<61:
      say(["GETDEL", name(key)])
      owed.append(.take(key: key, since: now))
    case 61..<66:
      let keys = (0..<world.chance.between(1, 5)).map { _ in world.chance.below(world.plan.registers) }
      say([Array("MGET".utf8)] + keys.map(name))
      owed.append(.getMany(keys, since: now))
    case 66..<69:
      let keys = Set((0..<world.chance.between(1, 4)).map { _ in world.chance.below(world.plan.registers) })
        .sorted()
      var words = [Array("MSET".utf8)]
      var written: [(key: Int, value: Int)] = []
      for key in keys {
        let (value, text) = world.newValue()
        words += [name(key), text]
        written.append((key, value))
      }
      say(words)
      owed.append(.set(written, lives: nil, since: now))
    case 69..<72:
      let tag = Array("echo-\(number)-\(asked)".utf8)
      say(["ECHO", tag])
      owed.append(.echo(tag))
    default:
      guard !units.isEmpty else {
        say(["GET", name(key)])
        return owed.append(.get(key: key, since: now))
      }
      let place = world.chance.below(units.count)
      let command = units[place].next()
      say(command.words)
      owed.append(.unit(place, command))
    }
  }

  private func name(_ key: Int) -> [UInt8] { Array("r\(key)".utf8) }

  private func say(_ words: [[UInt8]]) { unsent.append(InlineRequest.frame(of: words)) }

  private func say(_ words: [any Saying], _ last: [UInt8]? = nil) {
    say(words.map(\.bytes) + (last.map { [$0] } ?? []))
  }

  private func send() {
    guard let outbound, unsent.count > 0 else { return }
    unsent.drop(outbound.write(unsent))
    if unsent.count == 0 { unsent = Bytes() }
  }

  // MARK: Answers

  private func take(_ bytes: Bytes) {
    var input = rest
    rest = Bytes()
    if input.count == 0 { input = bytes } else { input.append(bytes.span) }
    let offset = answered(input.span)
    guard offset < input.count else { return }
    input.drop(offset)
    rest = input
  }

  /// Returns how many bytes were whole replies.
  private func answered(_ span: Span<UInt8>) -> Int {
    var offset = 0
    loop: while offset < span.count {
      switch framer.next(span.extracting(offset..<span.count)) {
      case .reply(let length):
        guard let question = owed.popFirst() else {
          world.violated("client \(number) was sent a reply that it had not asked for")
          break loop
        }
        answered(question, span.extracting(offset..<offset + length))
        offset += length
      case .incomplete: break loop
      case .failure(let error):
        world.violated("client \(number) was sent what is no RESP: \(error.message)")
        offset = span.count
      }
    }
    return offset
  }

  private func answered(_ question: Question, _ reply: Span<UInt8>) {
    let now = world.now
    if reply[0] == UInt8(ascii: "-"), !SimClient.isAnswer(reply) {
      world.refused(reply)
      return failed(question, end: now)
    }
    switch question {
    case .echo(let tag):
      guard let range = ReplyReader.string(reply), reply.count - range.lowerBound == tag.count + 2,
        reply.extracting(range).withUnsafeBufferPointer({ $0.elementsEqual(tag) })
      else { return isOfAnother(question, reply) }
    case .get(let key, let since): read(key, reply, since, question)
    case .getMany(let keys, let since):
      guard let elements = ReplyReader.elements(of: reply), elements.count == keys.count else {
        return isOfAnother(question, reply)
      }
      for (key, element) in zip(keys, elements) { read(key, reply.extracting(element), since, question) }
    case .set(let written, let lives, let since):
      guard reply[0] == UInt8(ascii: "+") else { return isOfAnother(question, reply) }
      for (key, value) in written {
        world.note(key, .init(kind: .write, value: value, start: since, end: now, lives: lives))
      }
    case .setIfAbsent(let key, let value, let since):
      if reply[0] == UInt8(ascii: "+") {
        world.note(key, .init(kind: .write, value: value, start: since, end: now))
      } else if !ReplyReader.isNull(reply) {
        isOfAnother(question, reply)
      }
    case .exchange(let key, let value, let since):
      read(key, reply, since, question)
      world.note(key, .init(kind: .write, value: value, start: since, end: now))
    case .delete(let key, let since):
      guard ReplyReader.integer(reply) != nil else { return isOfAnother(question, reply) }
      world.note(key, .init(kind: .delete, value: 0, start: since, end: now))
    case .take(let key, let since):
      read(key, reply, since, question)
      world.note(key, .init(kind: .delete, value: 0, start: since, end: now))
    case .unit(let place, let command): units[place].answered(command, reply)
    }
  }

  /// Whether an error is what the command rightly says of the value.
  private static func isAnswer(_ reply: Span<UInt8>) -> Bool {
    let text = Array("-ERR no such key".utf8)
    return reply.count > text.count
      && reply.extracting(0..<text.count).withUnsafeBufferPointer { $0.elementsEqual(text) }
  }

  private func read(_ key: Int, _ reply: Span<UInt8>, _ since: UInt64, _ question: Question) {
    if ReplyReader.isNull(reply) {
      return world.note(key, .init(kind: .read, value: 0, start: since, end: world.now))
    }
    guard reply[0] == UInt8(ascii: "$"), let range = ReplyReader.string(reply),
      let value = Values.number(reply.extracting(range)), world.isWritten(value)
    else { return isOfAnother(question, reply) }
    world.note(key, .init(kind: .read, value: value, start: since, end: world.now))
  }

  private func isOfAnother(_ question: Question, _ reply: Span<UInt8>) {
    world.violated("client \(number) asked \(question), and was answered \(excerpt(reply)) ")
  }

  /// Whether it has happened is not known; when it is over by, if it is.
  private func failed(_ question: Question, end: UInt64) {
    switch question {
    case .echo, .get, .getMany: break
    case .set(let written, let lives, let since):
      for (key, value) in written {
        world.note(
          key, .init(kind: .write, value: value, start: since, end: end, isKnown: false, lives: lives))
      }
    case .setIfAbsent(let key, let value, let since), .exchange(let key, let value, let since):
      world.note(key, .init(kind: .write, value: value, start: since, end: end, isKnown: false))
    case .delete(let key, let since), .take(let key, let since):
      world.note(key, .init(kind: .delete, value: 0, start: since, end: end, isKnown: false))
    case .unit(let place, let command): units[place].failed(command, mayComeLater: end == .max)
    }
  }
}

/// A word of a command.
protocol Saying { var bytes: [UInt8] { get } }
extension String: Saying { var bytes: [UInt8] { Array(utf8) } }
extension [UInt8]: Saying { var bytes: [UInt8] { self } }

func excerpt(_ reply: Span<UInt8>) -> String {
  let text = reply.withUnsafeBufferPointer { String(decoding: $0.prefix(120), as: UTF8.self) }
  return text.replacing("\r\n", with: "⏎")
}
