import SluiceAccess
import SluiceRESP

/// What a session remembers of the passwords that it was told.
struct LoginAttempts {
  /// Wrong ones.
  var wrong = 0
  /// An answer is withheld, or the password was not looked at yet.
  var isWaiting = false
}

extension ClientSession {
  /// One attempt to come in, while it is looked at.
  private struct Attempt {
    /// Nil where nobody is called so.
    let principal: Principal?
    let name: String
    let password: [UInt8]
    let address: String
    /// A client may want no replies; that it wants some later is another matter.
    let sink: ReplySink
    /// What to answer; its argument is why the client may not come in, nil if it may.
    let reply: (_ problem: String?) -> [UInt8]

    /// As these can be told from those of somebody who exists, somebody who does not has them.
    func stored(_ access: LaneAccess) -> [any KnownPassword] {
      if let principal, principal.access.isOn { return principal.passwords }
      return access.all.first { $0.passwords.contains(where: \.isSlow) }?.passwords ?? []
    }
  }

  /// Lets the client in as the user `default`, whose password is the proxy's, or as one of the configuration; or not.
  ///
  /// A wrong password is answered late (`PasswordGuesses`), and one whose hash takes long is looked at elsewhere (`PasswordDesk`): this
  /// client alone waits, and what it has sent behind.
  ///
  /// - Parameter reply: what to answer; its argument is why the client may not come in, nil if it may.
  func login(user: [UInt8]?, _ given: [UInt8], _ reply: @escaping (_ problem: String?) -> [UInt8]) {
    let name = user.map { String(decoding: $0, as: UTF8.self) } ?? AccessUser.defaultName
    let principal = lane.access[name]
    let isDefault = name == AccessUser.defaultName
    if isDefault, lane.settings.password == nil, lane.access.anybody.access.isOn {
      // Without a password the user `default` may come in with any, and nothing can be guessed.
      if user != nil { return answer(admitted(name, reply)) }
      return answer(
        reply(
          "ERR AUTH <password> called without any password configured for the default user. "
            + "Are you sure your configuration is correct?"))
    }
    // Nor can it where nobody has one.
    let isKnownToNobody = principal == nil && lane.access.list.users.isEmpty && lane.settings.password == nil
    if isKnownToNobody { return answer(reply(Self.wrongPassword)) }
    if let principal, principal.access.isOn, principal.access.takesAnyPassword, !isDefault {
      return answer(admitted(name, reply))
    }
    let attempt = Attempt(
      principal: principal, name: name, password: given, address: place.network,
      sink: sink, reply: reply)
    switch server.guesses.turn(of: attempt.address, now: lane.now) {
    case .now:
      guard isQuick(attempt) else {
        let slot = openBarrier()
        attempts.isWaiting = true
        return look(attempt, slot, hasWaited: false)
      }
      if lookAtOnce(attempt) { return answer(admitted(name, reply)) }
      refuse(attempt, openBarrier(), hasWaited: false)
    case .after(let wait):
      let slot = openBarrier()
      withhold(wait, slot, attempt.sink) {
        self.attempts.isWaiting = true
        self.look(attempt, slot, hasWaited: true)
        return nil
      }
    case .turnedAway:
      answer(reply(Self.tooManyWrong))
      leave()
    }
  }

  /// Whether nothing that takes long is to be looked at.
  private func isQuick(_ attempt: Attempt) -> Bool {
    attempt.name == AccessUser.defaultName || !attempt.stored(lane.access).contains(where: \.isSlow)
  }

  private func lookAtOnce(_ attempt: Attempt) -> Bool {
    guard let principal = attempt.principal, principal.access.isOn else { return false }
    if attempt.name == AccessUser.defaultName {
      return lane.settings.password?.isEqual(to: attempt.password) ?? false
    }
    // All of them, so that the time does not tell which it was.
    return principal.passwords.reduce(false) { $1.isRight(attempt.password) || $0 }
  }

  private func look(_ attempt: Attempt, _ slot: UInt32, hasWaited: Bool) {
    if isQuick(attempt) {
      return looked(attempt, slot, hasWaited: hasWaited, lookAtOnce(attempt) ? .right : .wrong)
    }
    let desk = server.desk
    let isolated = OnOneLoop { (outcome: PasswordOutcome) in
      self.lane.turnBegan()
      self.looked(attempt, slot, hasWaited: hasWaited, outcome)
    }
    let known = desk.look(
      attempt.password, attempt.stored(lane.access), from: attempt.address, on: lane.loop
    ) { isolated.body($0) }
    if let known { looked(attempt, slot, hasWaited: hasWaited, known) }
  }

  /// What is known of the password now.
  private func looked(_ attempt: Attempt, _ slot: UInt32, hasWaited: Bool, _ outcome: PasswordOutcome) {
    attempts.isWaiting = false
    guard socket != nil else { return }
    switch outcome {
    case .right where attempt.principal.map(isStill) ?? false:
      if hasWaited { server.guesses.waited(attempt.address) }
      attempt.sink.replyArrived(admitted(attempt.name, attempt.reply).span, slot: slot)
    case .right, .wrong: refuse(attempt, slot, hasWaited: hasWaited)
    case .turnedAway:
      attempt.sink.replyArrived(attempt.reply(Self.tooManyWrong).span, slot: slot)
      leave()
    }
  }

  /// Whether the user is there, may log in, and has the same passwords as when the look began.
  private func isStill(_ principal: Principal) -> Bool {
    guard principal.access.isOn else { return false }
    return lane.access[principal.name]?.opens(as: principal) ?? false
  }

  private func admitted(_ name: String, _ reply: (String?) -> [UInt8]) -> [UInt8] {
    guard let principal = lane.access[name] else { return reply(Self.wrongPassword) }
    self.principal = principal
    mode.passwordSaid()
    return reply(nil)
  }

  private func refuse(_ attempt: Attempt, _ slot: UInt32, hasWaited: Bool) {
    attempts.wrong += 1
    let pause = server.guesses.wrong(
      from: attempt.address, tries: attempts.wrong, hasWaited: hasWaited, now: lane.now)
    withhold(pause, slot, attempt.sink) { attempt.reply(Self.wrongPassword) }
  }

  private static let wrongPassword = "WRONGPASS invalid username-password pair or user is disabled."
  private static let tooManyWrong =
    "ERR too many wrong passwords came from your address; wait some seconds and try again"

  /// Nobody waits but this client: its barrier keeps what it has sent behind.
  private func withhold(
    _ nanoseconds: Int64, _ slot: UInt32, _ sink: ReplySink, _ reply: @escaping () -> [UInt8]?
  ) {
    attempts.isWaiting = true
    lane.arm(in: nanoseconds) {
      self.lane.turnBegan()
      self.attempts.isWaiting = false
      if let bytes = reply() { sink.replyArrived(bytes.span, slot: slot) }
    }
  }
}
