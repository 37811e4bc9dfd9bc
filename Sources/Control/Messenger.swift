import Foundation
import Logging
import SluiceConfiguration
import SluiceHTTPCaller
import SluiceLedger
import SluiceTelling

/// Tells others of events: each receiver once at least, and nobody who decides anything waits for it.
actor Messenger {
  /// Somebody who is told, and how.
  private struct Receiver {
    var place: HTTPPlace
    var secret: [UInt8]?
    var request: HTTPCaller.Request
    var events: Set<Notice.Event> = []
    var format = NoticeFormat.json
  }

  private let receivers: [String: Receiver]
  private let telemetry: ServeConfiguration.Telemetry
  private let text: TelemetryText
  private let names: (service: String, instance: String)
  private let started = Date()
  private let caller: HTTPCaller?
  private let ledger: Ledger?
  private let logger: Logger
  private let later: AsyncStream<@Sendable () async -> Void>.Continuation
  private var outbox = Outbox()
  private var said: [String: String] = [:]
  private var lastMetrics = ContinuousClock.now
  private var isSendingMetrics = false
  /// By which name the log of events stands among receivers.
  private static let log = "otlp"

  init(_ configuration: ServeConfiguration, version: String, _ ledger: Ledger?, logger: Logger) {
    (self.ledger, self.logger) = (ledger, logger)
    telemetry = configuration.telemetry
    names = (configuration.service ?? "", configuration.instanceName)
    text = TelemetryText(.init(service: names.service, instance: names.instance, version: version))
    var receivers: [String: Receiver] = [:]
    for receiver in configuration.receivers {
      var request = HTTPCaller.Request(receiver.place)
      (request.method, request.tls) = ("POST", receiver.tls)
      request.headers = [("Content-Type", "application/json")]
      receivers[Self.name(receiver.place)] = Receiver(
        place: receiver.place, secret: receiver.secret.map { Array($0.revealed.utf8) }, request: request,
        events: Set(receiver.events), format: receiver.format)
    }
    if let place = telemetry.place {
      receivers[Self.log] = Receiver(
        place: place, request: Self.request(place, "/v1/logs", configuration.telemetry))
    }
    self.receivers = receivers
    caller = receivers.isEmpty ? nil : HTTPCaller()
    let (work, later) = AsyncStream.makeStream(of: (@Sendable () async -> Void).self)
    self.later = later
    Task { for await one in work { await one() } }
  }

  /// What the run before had to tell and could not is told first.
  func begin() {
    for letter in ledger?.before.letters ?? [] { resume(letter) }
    send()
  }

  /// One thing after the other, in the order in which it happened; who calls waits for nothing.
  nonisolated func inOrder(_ work: @escaping @Sendable () async -> Void) { later.yield(work) }

  private func resume(_ letter: LetterRecord) {
    let known = Outbox.Letter(
      id: letter.id, receiver: letter.receiver, event: letter.event,
      at: Int64(letter.at.timeIntervalSince1970 * 1000), body: letter.body)
    guard receivers[letter.receiver] != nil else {
      return note(known, .lost, "nobody of that name is told any more")
    }
    if let old = outbox.add(known) { note(old, .lost, "too many wait") }
  }

  /// Host and a digest: the rest of the address may be secret.
  private static func name(_ place: HTTPPlace) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in "\(place.port)\(place.login ?? "")\(place.path)".utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    let digits = String(hash & 0xffff_ffff, radix: 16)
    return "\(place.host)#\(digits)"
  }

  private static func request(
    _ place: HTTPPlace, _ path: String, _ telemetry: ServeConfiguration.Telemetry
  ) -> HTTPCaller.Request {
    let base = place.path.hasSuffix("/") ? String(place.path.dropLast()) : place.path
    var request = HTTPCaller.Request(place.with(path: base + path))
    (request.method, request.tls) = ("POST", telemetry.tls)
    request.headers = [("Content-Type", "application/json")]
    if let authorization = telemetry.authorization {
      request.headers.append(("Authorization", authorization.revealed))
    }
    return request
  }

  // MARK: What happened

  /// Something that others may want to know.
  func happened(_ make: @Sendable (_ service: String, _ instance: String) -> Notice) {
    let notice = make(names.service, names.instance)
    for (name, receiver) in receivers where receiver.events.contains(notice.event) {
      post(
        Outbox.Letter(
          id: notice.id, receiver: name, event: notice.event.rawValue, at: notice.at,
          body: receiver.format.body(notice)))
    }
  }

  /// An event for the log of events.
  func logged(_ event: TelemetryText.Event) {
    guard telemetry.place != nil else { return }
    post(
      Outbox.Letter(
        id: UUID().uuidString.lowercased(), receiver: Self.log, event: event.name, at: event.at,
        body: text.logs([event])))
  }

  private func post(_ letter: Outbox.Letter) {
    note(letter, .waiting)
    if let old = outbox.add(letter) { note(old, .lost, "too many wait") }
    send()
  }

  private func note(_ letter: Outbox.Letter, _ state: LetterRecord.State, _ reason: String = "") {
    ledger?.record(
      LetterRecord(
        id: letter.id, receiver: letter.receiver, event: letter.event,
        at: Date(timeIntervalSince1970: Double(letter.at) / 1000), body: letter.body, state, reason: reason))
  }

  // MARK: Sending

  /// Called about once a second; waits for nothing.
  func tick(_ metrics: @escaping @Sendable () async -> [TelemetryText.Metric]) {
    send()
    guard let caller, let place = telemetry.place, !isSendingMetrics,
      ContinuousClock.now - lastMetrics >= telemetry.interval
    else { return }
    (isSendingMetrics, lastMetrics) = (true, .now)
    var request = Self.request(place, "/v1/metrics", telemetry)
    let (text, started) = (text, started)
    Task {
      request.body = text.metrics(
        await metrics(), from: Self.milliseconds(started), at: Self.milliseconds(Date()))
      let outcome = await Self.outcome(caller, request)
      say("metrics", outcome)
      isSendingMetrics = false
    }
  }

  private func send() {
    guard let caller else { return }
    let (letters, old) = outbox.due(at: Self.milliseconds(Date()))
    for letter in old { note(letter, .lost, "too old") }
    for letter in letters {
      guard let receiver = receivers[letter.receiver] else { continue }
      var request = receiver.request
      request.body = letter.body
      request.headers.append(("X-Sluice-Event", letter.event))
      request.headers.append(("X-Sluice-Event-Id", letter.id))
      if let secret = receiver.secret {
        let now = Self.milliseconds(Date()) / 1000
        request.headers.append(
          (NoticeSignature.header, NoticeSignature.value(letter.body, secret: secret, at: now)))
      }
      let asked = request
      Task { ended(letter, await Self.outcome(caller, asked)) }
    }
  }

  private func ended(_ letter: Outbox.Letter, _ outcome: Outbox.Outcome) {
    let isDone = outbox.ended(letter, outcome, at: Self.milliseconds(Date()))
    say(letter.receiver, outcome)
    guard isDone else { return }
    if case .refused(let why) = outcome { note(letter, .lost, why) } else { note(letter, .sent) }
    send()
  }

  private static func outcome(_ caller: HTTPCaller, _ request: HTTPCaller.Request) async -> Outbox.Outcome {
    do throws(HTTPFault) {
      let answer = try await caller.call(request)
      switch answer.status {
      case 200..<300: return .delivered
      // It was understood and will never be taken: to say it again would only keep others waiting.
      case 400, 404, 405, 410, 413, 415, 422: return .refused("it answered \(answer.status)")
      default: return .failed("it answered \(answer.status)")
      }
    } catch {
      return .failed("it \(error)")
    }
  }

  /// Once for each fault, and once when it is over.
  private func say(_ receiver: String, _ outcome: Outbox.Outcome) {
    switch outcome {
    case .delivered:
      if said.removeValue(forKey: receiver) != nil { logger.notice("\(receiver) hears us again") }
    case .failed(let why), .refused(let why):
      guard said[receiver] != why else { return }
      said[receiver] = why
      logger.warning("\(receiver) was not told: \(why)")
    }
  }

  /// What is on its way may arrive; what does not is told by the next run, if there is a ledger.
  func finish() async {
    await withCheckedContinuation { waiting in
      if case .terminated = later.yield({ waiting.resume() }) { waiting.resume() }
    }
    later.finish()
    guard let caller else { return }
    send()
    for _ in 0..<20 where outbox.waiting > 0 { try? await ContinuousClock().sleep(for: .milliseconds(50)) }
    await caller.stop()
  }

  // MARK: Status

  /// Nil where nobody is told.
  var status: StatusReport.Telling? {
    guard !receivers.isEmpty else { return nil }
    return .init(
      waiting: outbox.waiting, delivered: outbox.delivered, lost: outbox.lost, trouble: said)
  }

  private static func milliseconds(_ date: Date) -> Int64 { Int64(date.timeIntervalSince1970 * 1000) }
}
