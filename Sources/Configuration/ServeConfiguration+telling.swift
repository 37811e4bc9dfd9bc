import SluiceHTTPCaller
import SluiceTLS
import SluiceTelling

extension ServeConfiguration {
  /// Somebody who is told of events.
  public struct Receiver: Sendable, Hashable {
    /// Whoever knows the whole of it may use it, so it is shown without its path.
    public var place: HTTPPlace
    public var events = Notice.Event.usual
    public var format = NoticeFormat.json
    /// What messages are signed with; nil signs none.
    public var secret: Secret?
    public var tls = ClientTLS()

    /// Nil if it cannot be; what is wrong is noted.
    static func read(_ section: inout Section) -> Receiver? {
      let url = section.value("url", Receiver.url)
      let file = section.value("url_file", Receiver.urlFile)
      let events = section.values("events", Receiver.event)
      let format: NoticeFormat? = section.value("format", ValueParsers.choice("is no format"))
      let secret = section.value("secret_file", PasswordFile.read)
      let ca = section.value("ca", ValueParsers.path)
      guard let place = url ?? file else {
        if section.isWithout("url"), section.isWithout("url_file") {
          section.note("url", "is missing; name where events are posted to", line: section.line)
        }
        return nil
      }
      var receiver = Receiver(place: place)
      if let events { receiver.events = events }
      if let format { receiver.format = format }
      (receiver.secret, receiver.tls.ca) = (secret, ca)
      return receiver
    }

    init(place: HTTPPlace) { self.place = place }

    /// An address may hold a secret, so it is not repeated.
    static func url(_ text: String) throws(ValueError) -> HTTPPlace {
      do throws(HTTPFault) { return try HTTPPlace(text) } catch {
        throw ValueError("is no URL of http or https: it \(error)")
      }
    }

    static func urlFile(_ path: String) throws(ValueError) -> HTTPPlace {
      try url(try PasswordFile.read(path).revealed)
    }

    private static func event(_ text: String) throws(ValueError) -> Notice.Event {
      guard let event = Notice.Event(rawValue: text.lowercased()) else {
        throw ValueError(
          "\"\(text.prefix(64))\" is no event; the events are \(Notice.Event.allCases.map(\.rawValue).joined(separator: ", "))"
        )
      }
      return event
    }
  }

  /// Where metrics and events go by OTLP.
  public struct Telemetry: Sendable, Hashable {
    /// `/v1/metrics` and `/v1/logs` are put behind it; nil sends nothing.
    public var place: HTTPPlace?
    public var interval: Duration = .seconds(10)
    /// What stands in the header `Authorization`.
    public var authorization: Secret?
    public var tls = ClientTLS()
    public init() {}

    mutating func read(_ section: inout Section) {
      place = section.value("url", Receiver.url)
      interval =
        section.value("interval", ValueParsers.duration(.seconds(1) ... .seconds(3600))) ?? interval
      authorization = section.value("authorization_file", PasswordFile.read)
      tls.ca = section.value("ca", ValueParsers.path)
    }
  }
}
