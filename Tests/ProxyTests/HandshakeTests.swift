import Testing

@testable import SluiceCore

/// Which answers make a hand-shake.
@Suite struct HandshakeTests {
  private static let info = "$12\r\nrun_id:abc\r\n\r\n"
  private static let time = "*2\r\n$10\r\n1700000000\r\n$6\r\n123456\r\n"
  /// What a Redis answers to AUTH, SELECT, PING, TIME, CLIENT ID, INFO server, HELLO 3, HELLO 2 and DBSIZE.
  private static let answers = [
    "+OK\r\n", "+OK\r\n", "+PONG\r\n", time, ":7\r\n", info,
    "%1\r\n$5\r\nproto\r\n:3\r\n", "*2\r\n$5\r\nproto\r\n:2\r\n", ":3\r\n",
  ]
  private static let questions = [
    "AUTH", "SELECT", "PING", "TIME", "CLIENT ID", "INFO server", "HELLO 3", "HELLO 2", "DBSIZE",
  ]
  private static let others = [
    "+OK\r\n", "+PONG\r\n", "+QUEUED\r\n", ":0\r\n", ":1\r\n", ":-1\r\n", ":99999999999999999999\r\n",
    "$-1\r\n",
    "$2\r\nOK\r\n", "*-1\r\n", "*0\r\n", "*1\r\n+PONG\r\n", info,
  ]

  private func handshake() -> Handshake {
    var endpoint = StackEndpoint(address: .tcp(host: "127.0.0.1", port: 1), label: "stack")
    endpoint.password = "secret"
    endpoint.database = 2
    return Handshake(endpoint)
  }

  @Test func aRunThatLayersHaveMadeUpEndsWithTheProcess() {
    var greeting = Handshake.Greeting()
    #expect(greeting.lastingRun == nil)
    (greeting.run, greeting.server) = (Array("a".utf8), Array("a".utf8))
    #expect(greeting.lastingRun == Array("a".utf8))
    greeting.run = Array("made up".utf8)
    #expect(greeting.lastingRun == nil)
  }

  @Test func whatARedisSaysIsOne() {
    var handshake = handshake()
    for (number, answer) in HandshakeTests.answers.enumerated() {
      #expect(handshake.awaitsRESP3 == (number == 6))
      #expect(handshake.replied(Array(answer.utf8).span) == (number == 8 ? .answered : .wait))
    }
    #expect(handshake.greeting.hasRESP3)
    #expect(handshake.greeting.client == 7 && handshake.greeting.keys == 3)
    #expect(handshake.greeting.run == Array("abc".utf8))
    #expect(handshake.greeting.hasTransactions)
    #expect(handshake.takeTime() == 1_700_000_000_123_456_000 && handshake.takeTime() == nil)
    #expect(handshake.replied(Array("+OK\r\n".utf8).span) == .refused("sent a reply that nobody asked for"))
  }

  /// Layers and the embedded engine say who they are, and carry no transactions.
  @Test(arguments: ["sluice_layers:1", "sluice_engine:1"]) func whoHasNoTransactions(line: String) {
    var handshake = handshake()
    let info = "run_id:abc\r\n\(line)\r\n"
    for answer in HandshakeTests.answers.prefix(5) + ["$\(info.utf8.count)\r\n\(info)\r\n"] {
      _ = handshake.replied(Array(answer.utf8).span)
    }
    #expect(!handshake.greeting.hasTransactions)
  }

  @Test(arguments: 0..<9) func anotherTypeIsNone(question: Int) {
    for other in HandshakeTests.others {
      var handshake = handshake()
      for answer in HandshakeTests.answers.prefix(question) { _ = handshake.replied(Array(answer.utf8).span) }
      let isRight =
        switch question {
        case 0, 1: other.contains("OK")
        case 2: other == "+PONG\r\n"
        case 3: false
        case 4: other == ":1\r\n"
        case 5: other.hasPrefix("$") && other != "$-1\r\n"
        case 6: false
        case 7: other.hasPrefix("*")
        default: other == ":0\r\n" || other == ":1\r\n"
        }
      let outcome = handshake.replied(Array(other.utf8).span)
      if isRight {
        #expect(outcome == (question == 8 ? .answered : .wait), "\(other)")
      } else if case .refused(let reason) = outcome {
        #expect(reason.hasPrefix("is no Redis: it answered \(HandshakeTests.questions[question]) with '"))
        #expect(!reason.contains("secret"))
      } else {
        Issue.record("\(other) was taken for an answer to \(HandshakeTests.questions[question])")
      }
    }
  }

  @Test(arguments: [3, 4, 5, 6, 8]) func whoWillNotTellIsNotTurnedAway(question: Int) {
    var handshake = handshake()
    for (number, answer) in HandshakeTests.answers.enumerated() {
      let outcome = handshake.replied(Array((number == question ? "-NOPERM no\r\n" : answer).utf8).span)
      #expect(outcome == (number == 8 ? .answered : .wait))
    }
    #expect(handshake.greeting.hasRESP3 == (question != 6))
  }

  /// It would answer everything in a protocol that nobody has asked for.
  @Test func whoDoesNotGoBackToTheOldProtocolIsTurnedAway() {
    var handshake = handshake()
    for answer in HandshakeTests.answers.prefix(7) { _ = handshake.replied(Array(answer.utf8).span) }
    #expect(handshake.replied(Array("-ERR no\r\n".utf8).span) == .refused("refused HELLO 2: ERR no"))
  }

  @Test(
    arguments: [
      "*2\r\n$20\r\n99999999999999999999\r\n$1\r\n0\r\n", "*2\r\n$10\r\n9999999999\r\n$1\r\n0\r\n",
      "*2\r\n$2\r\n-1\r\n$1\r\n0\r\n", "*2\r\n$1\r\n1\r\n$7\r\n1000000\r\n", "*2\r\n:1\r\n:2\r\n",
      "*1\r\n$1\r\n1\r\n", "*2\r\n$-1\r\n$1\r\n1\r\n",
    ])
  func aTimeThatNoClockShowsIsNone(answer: String) {
    var handshake = handshake()
    for answer in HandshakeTests.answers.prefix(3) { _ = handshake.replied(Array(answer.utf8).span) }
    #expect(handshake.replied(Array(answer.utf8).span) != .wait)
  }

  @Test func whatServerItIsIsLearnedBeforeItsKeysAreCounted() {
    let endpoint = StackEndpoint(address: .tcp(host: "127.0.0.1", port: 1), label: "stack")
    let told = [
      "$23\r\nmaxmemory_policy:noevic\r\n", "$0\r\n\r\n", "*2\r\n$9\r\ndatabases\r\n$2\r\n16\r\n",
      "$10\r\n\u{c}\u{0}12345678\r\n",
      "*1\r\n*6\r\n$3\r\nget\r\n:2\r\n*1\r\n+readonly\r\n:1\r\n:1\r\n:1\r\n",
    ]
    // As they are answered, and as a managed server refuses them.
    for answers in [told, told.map { _ in "-NOPERM no\r\n" }, told.map { _ in ":1\r\n" }] {
      var handshake = Handshake(endpoint, learns: true)
      let all = HandshakeTests.answers[2..<8] + answers + [":3\r\n"]
      for answer in all.dropLast() { #expect(handshake.replied(Array(answer.utf8).span) == .wait) }
      #expect(handshake.replied(Array(":3\r\n".utf8).span) == .answered)
      #expect(handshake.greeting.keys == 3 && handshake.facts?.run == Array("abc".utf8))
      #expect(handshake.facts?.stamp == (answers == told ? 12 : nil))
      #expect(handshake.facts?.databases == (answers == told ? 16 : nil))
      #expect(handshake.commands?.map(\.name) == (answers == told ? ["GET"] : nil))
    }
    #expect(Handshake(endpoint).facts == nil)
  }

  @Test func whatIsShownOfAnAnswerIsHarmless() {
    var handshake = Handshake(StackEndpoint(address: .tcp(host: "127.0.0.1", port: 1), label: "stack"))
    let answer = "+\u{1b}]0;x\u{7}" + String(repeating: "y", count: 100) + "\r\n"
    let shown = "+?]0;x?" + String(repeating: "y", count: 33)
    #expect(
      handshake.replied(Array(answer.utf8).span) == .refused("is no Redis: it answered PING with '\(shown)'"))
  }
}
