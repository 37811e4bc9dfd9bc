import Testing

@testable import SluiceConfiguration

@Suite struct ValueTests {
  @Test(
    "Sizes are binary with a b, decimal without, as in redis.conf",
    arguments: [
      ("0", 0), ("512", 512), ("7b", 7), ("1k", 1000), ("1kb", 1024), ("1KiB", 1024), ("64mb", 64 << 20),
      ("64mib", 64 << 20), ("2m", 2_000_000), ("1gb", 1 << 30), ("1gib", 1 << 30), ("1g", 1_000_000_000),
    ])
  func size(_ text: String, _ bytes: Int) throws {
    #expect(try ByteSize(parsing: text).bytes == bytes)
    let again = ByteSize(bytes: bytes)
    #expect(try ByteSize(parsing: again.description) == again)
  }

  @Test(
    "What is no size is refused",
    arguments: ["", "mb", "-1", "1.5mb", "64 mb", "64tb", "9223372036854775807kb", "٣mb", "0x10"])
  func badSize(_ text: String) {
    #expect(throws: ValueError.self) { try ByteSize(parsing: text) }
  }

  @Test(
    "Durations",
    arguments: [
      ("0", Duration.zero, "0"), ("250ms", .milliseconds(250), "250ms"), ("1s", .seconds(1), "1s"),
      ("2m", .seconds(120), "2m"), ("1500ms", .milliseconds(1500), "1500ms"), ("90s", .seconds(90), "90s"),
      ("1h", .seconds(3600), "1h"), ("30d", .seconds(30 * 86_400), "30d"), ("1000MS", .seconds(1), "1s"),
    ])
  func duration(_ text: String, _ value: Duration, _ shown: String) throws {
    #expect(try Duration(parsing: text) == value)
    #expect(value.text == shown)
  }

  @Test(
    "What is no duration is refused",
    arguments: ["", "5", "s", "-1s", "1.5s", "1 s", "1w", "9223372036854775807d", "10001d"])
  func badDuration(_ text: String) {
    #expect(throws: ValueError.self) { try Duration(parsing: text) }
  }

  @Test(
    "Addresses read as they are shown",
    arguments: [
      ("127.0.0.1:6400", Address.tcp(host: "127.0.0.1", port: 6400)), ("[::1]:0", .tcp(host: "::1", port: 0)),
      ("cache.example:65535", .tcp(host: "cache.example", port: 65535)),
      ("unix:/run/s", .unix(path: "/run/s")),
    ])
  func address(_ text: String, _ value: Address) throws {
    #expect(try Address(parsing: text) == value)
    #expect(value.description == text)
  }

  @Test("A unix address may carry slashes like a URL") func unixSlashes() throws {
    #expect(try Address(parsing: "unix:///run/s") == .unix(path: "/run/s"))
  }

  @Test(
    "What is no address is refused",
    arguments: [
      "", ":6400", "localhost", "localhost:", "localhost:65536", "localhost:-1", "localhost:x", "::1:6400",
      "[::1", "[::1]6400", "a b:1", "/run/s", "unix:", "unix:run/s",
      "unix:/" + String(repeating: "x", count: 107),
      "redis://localhost:6379",
    ])
  func badAddress(_ text: String) {
    #expect(throws: ValueError.self) { try Address(parsing: text) }
  }

  @Test(
    "Endpoints",
    arguments: [
      ("redis://h", redis("h", 6379)), ("redis://h:1", redis("h", 1)), ("redis://h:1/", redis("h", 1)),
      ("redis://h:1/15", redis("h", 1, database: 15)), ("redis://[::1]:7", redis("::1", 7)),
      ("redis://u:p@h", redis("h", 6379, "u", "p")), ("redis://:p@h", redis("h", 6379, nil, "p")),
      ("redis://u@h", redis("h", 6379, "u")), ("redis://u:p%40%3A@h", redis("h", 6379, "u", "p@:")),
      ("redis://u:p@x@h", redis("h", 6379, "u", "p@x")),
      ("unix:///run/r", .unix(path: "/run/r", user: nil, password: nil, database: 0)),
      ("unix:/run/r", .unix(path: "/run/r", user: nil, password: nil, database: 0)),
      ("unix://u:p@/run/r?db=2", .unix(path: "/run/r", user: "u", password: Secret("p"), database: 2)),
      ("memory:", .memory(maxBytes: 256 << 20)), ("memory:?max=1gb", .memory(maxBytes: 1 << 30)),
    ])
  func endpoint(_ text: String, _ value: Endpoint) throws {
    #expect(try Endpoint(parsing: text) == value)
  }

  @Test("No description of an endpoint or a secret shows the password")
  func hidden() throws {
    let endpoint = try Endpoint(parsing: "redis://ann:hunter2@h:1/3")
    #expect(endpoint.description == "redis://ann:***@h:1/3")
    var dumped = ""
    dump(endpoint, to: &dumped)
    for text in ["\(endpoint)", String(reflecting: endpoint), dumped, "\(Secret("hunter2"))"] {
      #expect(!text.contains("hunter2"))
    }
  }

  @Test(
    "Nearest names",
    arguments: [
      ("lisen", "listen"), ("Listen", "listen"), ("listne", "listen"), ("commandTimeout", "command_timeout"),
      ("command-timeout", "command_timeout"), ("timeout", "command_timeout"),
    ])
  func nearest(_ name: String, _ meant: String) {
    #expect(NearestName.of(name, among: ["listen", "command_timeout", "url"]) == meant)
  }

  @Test("Nothing near means no guess", arguments: ["", "zzz", "x", String(repeating: "listen", count: 100)])
  func noGuess(_ name: String) {
    #expect(NearestName.of(name, among: ["listen", "command_timeout", "url"]) == nil)
  }
}

private func redis(
  _ host: String, _ port: Int, _ user: String? = nil, _ password: String? = nil, database: Int = 0
) -> Endpoint {
  .redis(host: host, port: port, user: user, password: password.map { Secret($0) }, database: database)
}
