import NIOCore
import Testing

@testable import SluiceProxy

/// Guessing is slow for who guesses, and for nobody else.
@Suite struct PasswordGuessesTests {
  @Test("The answers to one connection come later and later, up to five seconds")
  func growing() {
    let guesses = PasswordGuesses()
    var now: UInt64 = 1_000_000_000_000
    var pauses: [Int64] = []
    for tries in 1...12 {
      #expect(guesses.turn(of: "10.0.0.1", now: now) == .now)
      let pause = guesses.wrong(from: "10.0.0.1", tries: tries, hasWaited: false, now: now)
      pauses.append(pause / 1_000_000)
      now += UInt64(pause)
    }
    #expect(pauses == [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000, 5000])
    #expect(guesses.figures.wrong == 12 && guesses.figures.lastFrom == "10.0.0.1")
  }

  @Test(
    "Who comes by ever new connections is answered later too, and looked at twenty times a second at most")
  func manyConnections() {
    let guesses = PasswordGuesses()
    let start: UInt64 = 1_000_000_000_000
    var looked = 0
    var turnedAway = 0
    // Each on a connection of its own, a thousand a second for ten seconds, and nobody waits for an answer.
    for millisecond in 0..<10_000 {
      let now = start + UInt64(millisecond) * 1_000_000
      switch guesses.turn(of: "10.0.0.1", now: now) {
      case .now:
        looked += 1
        _ = guesses.wrong(from: "10.0.0.1", tries: 1, hasWaited: false, now: now)
      case .after(let wait):
        #expect(wait > 0 && wait <= 5_000_000_000)
        looked += 1
      case .turnedAway: turnedAway += 1
      }
      #expect(guesses.turn(of: "10.0.0.2", now: now) == .now)
    }
    // Twenty a second, twenty at once, and those that wait still.
    #expect(looked <= 20 * 10 + 20 + 102 && looked >= 200, "\(looked)")
    #expect(turnedAway == 10_000 - looked)
    #expect(
      guesses.wrong(from: "10.0.0.1", tries: 1, hasWaited: true, now: start + 10_000_000_000) > 3_000_000_000)
    // Some quiet, and the address is what it was; what was right gives its look back.
    #expect(guesses.turn(of: "10.0.0.1", now: start + 20_000_000_000) == .now)
  }

  @Test("Addresses are remembered up to a bound, and of an IPv6 host the network counts")
  func bounded() throws {
    let guesses = PasswordGuesses()
    for number in 0..<3000 {
      _ = guesses.wrong(
        from: "\(number)", tries: 1, hasWaited: false, now: UInt64(number) + 1_000_000_000_000)
    }
    #expect(guesses.figures.wrong == 3000)
    func place(_ address: String) throws -> String {
      PasswordGuesses.place(try SocketAddress(ipAddress: address, port: 1))
    }
    #expect(try place("2001:db8:1:2:3::4") == place("2001:db8:1:2:ffff::1"))
    #expect(try place("2001:db8:1:2::") != place("2001:db8:1:3::"))
    #expect(try place("::ffff:10.1.2.3") == "10.1.2.3")
    #expect(try place("10.1.2.3") == "10.1.2.3")
  }

  @Test("A guess holds up neither its loop nor who has the password, and a proxy that drains waits for none")
  func beside() async throws {
    var settings = ProxySettings()
    settings.password = DoorPassword(Array("right".utf8))
    try await Bench.runMemory(settings, routing: .at(.off)) { bench in
      let guesser = try TestSocket(port: bench.port)
      try guesser.send("AUTH a\r\nAUTH b\r\nAUTH c\r\nAUTH d\r\nAUTH e\r\nAUTH right\r\n")
      let client = try TestSocket(port: bench.port)
      let began = ContinuousClock.now
      #expect(try client.ask("AUTH", "right") == "+OK\r\n")
      #expect(try client.ask("PING") == "+PONG\r\n")
      // The fifth guess is looked at when the fourth has been answered, 750 ms after the first.
      #expect(bench.proxy.guesses.figures.wrong < 5, "held up by a guesser")
      for _ in 0..<5 { #expect(try guesser.reply().hasPrefix("-WRONGPASS ")) }
      // 50 + 100 + 200 + 400 + 800 ms.
      #expect(ContinuousClock.now - began > .milliseconds(1400), "not slowed down")
      #expect(try guesser.reply() == "+OK\r\n")
      #expect(try guesser.ask("PING") == "+PONG\r\n")
      #expect(try guesser.ask("HELLO", "2", "AUTH", "default", "wrong").hasPrefix("-WRONGPASS "))
      let figures = bench.proxy.guesses.figures
      #expect(figures.wrong == 6 && figures.lastFrom == "127.0.0.1")
      try guesser.send("AUTH f\r\n")
      #expect(eventually { bench.proxy.guesses.figures.wrong == 7 })
      let drained = ContinuousClock.now
      #expect(try client.ask("QUIT") == "+OK\r\n")
      bench.drain()
      #expect(ContinuousClock.now - drained < .seconds(3), "waited for a guesser")
    }
  }
}
