import Foundation

/// What a request by HTTP came to.
public struct HTTPAnswer {
  public let status: Int
  /// Names in small letters.
  public let headers: [String: String]
  public let body: String

  /// Asks at 127.0.0.1, on a connection of its own.
  ///
  /// - Parameter headers: put over those that go without saying; an empty one is left out.
  public init(
    _ method: String = "GET", _ target: String, port: UInt16, headers: [String: String] = [:],
    body: String? = nil
  ) throws {
    var all = ["Host": "127.0.0.1:\(port)", "Connection": "close"]
    if let body {
      all["Content-Length"] = "\(body.utf8.count)"
      all["Content-Type"] = "application/json"
    }
    all.merge(headers) { $1 }
    let lines = all.filter { !$0.value.isEmpty }.map { "\($0): \($1)\r\n" }.joined()
    let socket = try SocketClient(port: port)
    try socket.send("\(method) \(target) HTTP/1.1\r\n\(lines)\r\n\(body ?? "")")
    try self.init(socket.untilClosed(within: .seconds(15)))
  }

  init(_ text: String) throws {
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
    let lines = parts[0].split(separator: "\r\n")
    guard let first = lines.first?.split(separator: " "), first.count > 1, let status = Int(first[1]) else {
      throw TestFailure("no answer by HTTP: \(text)")
    }
    self.status = status
    headers = lines.dropFirst().reduce(into: [:]) { headers, line in
      let sides = line.split(separator: ":", maxSplits: 1)
      if sides.count == 2 { headers[sides[0].lowercased()] = sides[1].trimmingCharacters(in: .whitespaces) }
    }
    body = parts.count > 1 ? String(parts[1]) : ""
  }

  /// A text of its JSON object.
  public func text(_ path: String) -> String? { (try? StatusDocument(body))?.text(path) }

  /// A truth value of its JSON object.
  public func flag(_ path: String) -> Bool? { (try? StatusDocument(body))?.flag(path) }

  /// A number of its JSON object.
  public func number(_ path: String) -> Double? { (try? StatusDocument(body))?.number(path) }
}
