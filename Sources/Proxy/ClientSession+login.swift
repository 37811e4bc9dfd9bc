import NIOCore
import SluiceRESP

/// What a session remembers of the passwords that it was told.
struct LoginAttempts {
  /// Wrong ones.
  var wrong = 0
  /// An answer is withheld, or the password was not looked at yet.
  var isWaiting = false
}

extension ClientSession {
  /// Lets the client in, or not. The one password belongs to the user `default`, as in Redis.
  ///
  /// A wrong one is answered late (`PasswordGuesses`): this client alone waits, and what it has sent behind.
  ///
  /// - Parameter reply: what to answer; its argument is why the client may not come in, nil if it may.
  func login(user: [UInt8]?, _ given: [UInt8], _ reply: @escaping (_ problem: String?) -> [UInt8]) {
    let wrong = "WRONGPASS invalid username-password pair or user is disabled."
    let isDefault = user.map { $0 == Array("default".utf8) } ?? true
    guard let password = lane.settings.password else {
      // Without a password the user `default` may come in with any, and nothing can be guessed.
      guard user != nil else {
        return answer(
          reply(
            "ERR AUTH <password> called without any password configured for the default user. "
              + "Are you sure your configuration is correct?"))
      }
      return answer(reply(isDefault ? nil : wrong))
    }
    let isRight = isDefault && password.isEqual(to: given)
    let guesses = server.guesses
    // A client may want no replies; that it wants some later is another matter.
    let sink = sink
    let address = Self.place(context?.remoteAddress)
    switch guesses.turn(of: address, now: lane.now) {
    case .now where isRight:
      mode.passwordSaid()
      answer(reply(nil))
    case .now:
      attempts.wrong += 1
      let pause = guesses.wrong(from: address, tries: attempts.wrong, hasWaited: false, now: lane.now)
      withhold(pause, openBarrier(), sink) { reply(wrong) }
    case .after(let wait):
      let slot = openBarrier()
      withhold(wait, slot, sink) {
        guard !isRight else {
          guesses.waited(address)
          self.mode.passwordSaid()
          return reply(nil)
        }
        self.attempts.wrong += 1
        let pause = guesses.wrong(
          from: address, tries: self.attempts.wrong, hasWaited: true, now: self.lane.now)
        self.withhold(pause, slot, sink) { reply(wrong) }
        return nil
      }
    case .turnedAway:
      answer(reply("ERR too many wrong passwords came from your address; wait some seconds and try again"))
      leave()
    }
  }

  /// Nobody waits but this client: its barrier keeps what it has sent behind.
  private func withhold(
    _ nanoseconds: Int64, _ slot: UInt32, _ sink: ReplySink, _ reply: @escaping () -> [UInt8]?
  ) {
    attempts.isWaiting = true
    lane.loop.assumeIsolated().scheduleTask(in: .nanoseconds(nanoseconds)) {
      self.lane.turnBegan()
      self.attempts.isWaiting = false
      if let bytes = reply() { sink.replyArrived(bytes.span, slot: slot) }
    }
  }

  /// Where a peer is, for those who count: of an IPv6 address the network, because a host has as many as it
  /// likes.
  static func place(_ peer: SocketAddress?) -> String { peer.map(PasswordGuesses.place) ?? "a socket" }
}

extension PasswordGuesses {
  /// Where a peer is, for those who count: of an IPv6 address the network, because a host has as many as it
  /// likes.
  public static func place(_ peer: SocketAddress) -> String {
    switch peer {
    case .v4: return peer.ipAddress ?? "an IPv4 address"
    case .v6(let address):
      let bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
      let isMapped = bytes.starts(with: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff])
      if isMapped { return bytes.suffix(4).map { "\($0)" }.joined(separator: ".") }
      let groups = stride(from: 0, to: 8, by: 2).map {
        String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
      }
      return groups.joined(separator: ":") + "::/64"
    case .unixDomainSocket: return "a unix socket"
    }
  }
}
