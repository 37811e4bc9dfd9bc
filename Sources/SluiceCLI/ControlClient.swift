import SluiceConfiguration
import SluiceRedisClient
import SluiceTLS

/// Sends one command to the control port of a running proxy: a connection per call, as befits a command line.
struct ControlClient {
  let address: Address
  let password: Secret?
  /// How TLS is spoken to it, where the address says so.
  var tls: ClientTLS?
  var connectTimeout: Duration = .seconds(2)
  var commandTimeout: Duration = .seconds(10)

  /// The reply of the control port.
  /// - Throws: `Failure` with the code and the sentence for whatever came instead of one.
  func call(_ arguments: [String]) throws(Failure) -> Reply { try call(arguments.map { Array($0.utf8) }) }

  /// The same for words that are any bytes, as keys are.
  func call(_ arguments: [[UInt8]]) throws(Failure) -> Reply {
    let reply: Reply
    do {
      let client = try RedisClient(
        endpoint, connectTimeout: connectTimeout, commandTimeout: commandTimeout)
      reply = try client.command(arguments)
    } catch {
      throw failure(error)
    }
    if case .error(let text) = reply {
      throw Self.isFromElsewhere(text) ? noControlPort : Self.refusal(text)
    }
    return reply
  }

  /// A connection for many commands.
  func connect() throws(Failure) -> RedisClient {
    do {
      return try RedisClient(endpoint, connectTimeout: connectTimeout, commandTimeout: commandTimeout)
    } catch {
      throw failure(error)
    }
  }

  /// What an error on such a connection means.
  func trouble(_ error: RedisError) -> Failure { failure(error) }

  /// The reply as text; for commands that answer with a sentence or a document.
  func text(_ arguments: [String]) throws(Failure) -> String {
    let reply = try call(arguments)
    guard let text = reply.text else {
      throw Failure(
        .software,
        "\(address) answered \(arguments.first ?? "") with something unknown; is it a Sluice control port?")
    }
    return text
  }

  /// What a Redis says to words that only a control port knows, and what the port for clients says.
  private static func isFromElsewhere(_ text: String) -> Bool {
    text.hasPrefix("ERR unknown command") || text.hasPrefix("ERR sluice:")
  }

  private var noControlPort: Failure {
    Failure(
      .unavailable,
      "\(address) is not a Sluice control port but one for clients, or a Redis; name the control port by --control "
        + "(serve shows it; the default is 127.0.0.1:6401)")
  }

  private var endpoint: RedisEndpoint {
    let place: RedisEndpoint.Address =
      switch address {
      case .tcp(let host, let port), .tls(let host, let port): .tcp(host: host, port: UInt16(clamping: port))
      case .unix(let path): .unix(path: path)
      }
    return RedisEndpoint(place, password: password?.revealed, tls: tls)
  }

  private func failure(_ error: RedisError) -> Failure {
    switch error.code {
    case .connectFailed where tls != nil: Failure(.unavailable, error.message)
    case .closed where tls != nil: Failure(.unavailable, error.message)
    case .invalidEndpoint where tls != nil: Failure(.configuration, error.message)
    case .connectFailed:
      Failure(
        .unavailable,
        "no proxy answers on \(address); start one by \"sluice serve\" or name its control port by --control")
    case .refused:
      Failure(
        .permission,
        "the proxy on \(address) refused the password; correct --control-password-file or SLUICE_CONTROL_PASSWORD "
          + "(clients have another one)")
    case .timeout:
      Failure(.temporary, "the proxy on \(address) did not answer within \(commandTimeout.text); try again")
    case .closed:
      Failure(.unavailable, "the proxy on \(address) closed the connection; see its log and try again")
    case .protocolViolation:
      Failure(
        .unavailable, "what answers on \(address) does not speak RESP; name the control port by --control")
    case .invalidEndpoint, .misuse, .cancelled, .overloaded:
      Failure(.software, error.message)
    }
  }

  /// A table of what is not met: `…; differs: now 20 open, needed 0 open, missing …; …`.
  private static func gates(_ text: String) -> String {
    let parts = text.split(separator: "; ").map(String.init)
    return Output.printable(parts.first ?? text) + "\n\n" + OrderAnswer.gateTable(Array(parts.dropFirst()))
      + "\nif it must be all the same: --force \"why\"; it is written down"
  }

  /// The first word of an error says who has to act: the caller, the operator, or nobody but time.
  static func refusal(_ text: String) -> Failure {
    let word = text.prefix { $0 != " " }
    let sentence = Output.printable(
      word == "ERR" || word == "TRYAGAIN" ? String(text.dropFirst(word.count).drop { $0 == " " }) : text)
    switch word {
    case "NOAUTH", "WRONGPASS", "NOPERM":
      return Failure(
        .permission,
        "\(sentence) (give the control port's password by --control-password-file or SLUICE_CONTROL_PASSWORD)"
      )
    case "BUSY", "LOADING", "TRYAGAIN": return Failure(.temporary, sentence)
    case "GATE": return Failure(.data, gates(String(text.dropFirst(5))))
    case "ERR", "WRONGTYPE", "EXECABORT": return Failure(.data, sentence)
    default: return Failure(.unavailable, sentence)
    }
  }
}
