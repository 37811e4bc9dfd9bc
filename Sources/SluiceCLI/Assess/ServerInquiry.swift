import SluiceAssessment
import SluiceCommands
import SluiceRESP
import SluiceRedisClient

/// Asks one server what it is and how it is used. Reads only; what it would not tell is noted, and is no failure.
struct ServerInquiry {
  private let client: RedisClient
  private var survey = ServerSurvey()

  /// - Parameter sample: how many of its keys are looked at; nil is none.
  static func survey(
    _ endpoint: RedisEndpoint, _ name: String, sample: KeySampling.Limits?
  ) throws(Failure) -> ServerSurvey {
    let client: RedisClient
    do { client = try RedisClient(endpoint, commandTimeout: .seconds(10)) } catch {
      throw Failure(
        error.code == .refused ? .permission : .unavailable, "the \(name) server: \(error.message)")
    }
    do {
      var inquiry = ServerInquiry(client: client)
      try inquiry.askAll()
      if let sample {
        var sampling = KeySampling(client, limits: sample, inquiry.survey)
        try sampling.run()
        inquiry.survey.sample = sampling.sample
        inquiry.survey.refused += sampling.refused
      }
      return inquiry.survey
    } catch {
      throw Failure(.unavailable, "the \(name) server: \(error.message)")
    }
  }

  private init(client: RedisClient) {
    self.client = client
    survey.database = client.endpoint.database
  }

  private mutating func askAll() throws(RedisError) {
    for section in ["server", "memory", "clients", "stats", "replication", "keyspace", "modules"] {
      if let text = try ask("INFO", section) {
        survey.told(info: text)
      } else {
        survey.refused.append("INFO \(section)")
      }
    }
    // Before we have called much ourselves.
    if let text = try ask("INFO", "commandstats") { survey.told(info: text) }
    if survey.calls == nil { survey.refused.append("which commands are in use (INFO commandstats)") }
    try askCommands()
    if case .array(let parts) = try client.command("CONFIG", "GET", "notify-keyspace-events"),
      parts.count == 2
    {
      survey.events = parts[1].text
    } else {
      survey.refused.append("notify-keyspace-events (CONFIG GET)")
    }
    if case .array(let parts) = try client.command("CONFIG", "GET", "databases"), parts.count == 2 {
      survey.facts.databases = parts[1].text.flatMap { Int($0) }
    }
    try askClients()
  }

  private mutating func askCommands() throws(RedisError) {
    var bytes: [UInt8] = []
    bytes.append(try client.command("COMMAND"))
    survey.commands = ServerCommand.all(in: bytes.span)
    if survey.commands == nil { survey.refused.append("its commands (COMMAND)") }
  }

  /// Not of a server with so many clients that listing them would keep it busy.
  private mutating func askClients() throws(RedisError) {
    if let connected = survey.connectedClients, connected > Self.clientLimit {
      survey.refused.append("its clients, which are too many to be listed")
      return
    }
    _ = try client.command("CLIENT", "SETNAME", ServerSurvey.ownName)
    if let text = try ask("CLIENT", "LIST") {
      survey.told(clients: text)
    } else {
      survey.refused.append("its clients (CLIENT LIST)")
    }
  }

  private static let clientLimit = 5000

  /// The text of an answer; nil for an error.
  private func ask(_ words: String...) throws(RedisError) -> String? {
    let reply = try client.command(words.map { Array($0.utf8) })
    if case .error = reply { return nil }
    return reply.text
  }
}

extension [UInt8] {
  /// A reply as it came over the wire.
  fileprivate mutating func append(_ reply: Reply) {
    switch reply {
    case .string(let bytes): appendBulk(bytes.span)
    case .status(let text): appendBulk(text)
    case .error(let text): append(contentsOf: "-\(text.filter { !$0.isNewline })\r\n".utf8)
    case .integer(let number): append(contentsOf: ":\(number)\r\n".utf8)
    case .null: append(contentsOf: "$-1\r\n".utf8)
    case .array(let parts):
      appendArrayHeader(parts.count)
      for part in parts { append(part) }
    }
  }
}
