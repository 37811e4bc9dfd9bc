import Testing

@testable import SluiceConfiguration

/// Layers and presets of a stack, as they are written and as they hold.
@Suite struct LayerConfigurationTests {
  private func load(_ new: String, environment: [String: String] = [:]) throws -> StackConfiguration {
    try ServeConfiguration.load(yaml: "stacks:\n  new: \(new)\n", environment: environment).stacks.new
  }

  @Test(
    "A URL alone, and the preset plain, have no layers",
    arguments: ["redis://a:1", "{url: redis://a:1, preset: plain}"])
  func plain(text: String) throws {
    let stack = try load(text)
    #expect(stack.layers.isPlain && stack.description == "redis://a:1")
  }

  @Test("The presets are those of the guide's factories")
  func presets() throws {
    let rows: [(String, StackLayers.L1?, StackLayers.Compression, Duration)] = [
      ("web_app", .init(entries: 200), .init(threshold: 2000, level: 6), .seconds(1800)),
      ("ai_app", .init(entries: 100), .init(threshold: 1000, level: 6), .seconds(3600)),
      ("testing", nil, .init(threshold: 1000, level: 1), .seconds(60)),
    ]
    for (name, l1, compression, ttl) in rows {
      let layers = try load("{preset: \(name), url: redis://a:1}").layers
      #expect(layers.l1 == l1 && layers.compression == compression && layers.defaultTTL == ttl)
      #expect(layers.onConnectionError == .memory && layers.keyPrefix.isEmpty)
    }
  }

  @Test("Explicit settings go over the preset, and off takes away")
  func explicit() throws {
    let stack = try load(
      "{preset: web_app, url: redis://a:1, l1: {entries: 5, ttl: 90}, compression: {level: 9}, default_ttl: 2h, "
        + "key_prefix: 'p:', on_connection_error: fail}")
    var expected = StackLayers()
    expected.l1 = .init(entries: 5, ttl: .seconds(90))
    expected.compression = .init(threshold: 2000, level: 9)
    expected.defaultTTL = .seconds(7200)
    expected.keyPrefix = "p:"
    #expect(stack.layers == expected)
    #expect(
      stack.description
        == "redis://a:1 under l1 5 for 90s, compression 2000/9, default_ttl 2h, key_prefix p:")
    let bare = try load(
      "{preset: web_app, l1: off, compression: off, default_ttl: 0, on_connection_error: fail}")
    #expect(bare.layers.isPlain)
  }

  @Test("What redacted says of layers is read back as the same")
  func redacted() throws {
    let text = "{preset: ai_app, url: redis://a:1, key_prefix: \"a\\\"b\", l1: {ttl: 60}}"
    let configuration = try ServeConfiguration.load(yaml: "stacks:\n  new: \(text)\n")
    #expect(try ServeConfiguration.load(yaml: configuration.redacted).stacks == configuration.stacks)
  }

  @Test("auto reads the environment as the legacy world did")
  func auto() throws {
    let memory = Endpoint.memory(maxBytes: Endpoint.defaultMemoryBytes)
    let url = "redis://cache:7000/2"
    let rows: [([String: String], Endpoint, String)] = [
      ([:], memory, "default_ttl 1h"),
      (["REDIS_URL": url], try Endpoint(parsing: url), "l1 100, compression 1000/6, default_ttl 1h"),
      (["REDIS_URL": url, "CACHE_TYPE": "memory", "CACHE_TTL": "60"], memory, "default_ttl 1m"),
      (["REDIS_URL": url, "USE_REDIS": "False"], memory, "default_ttl 1h"),
      (
        ["REDIS_URL": url, "CACHE_SIZE": "7", "COMPRESSION_THRESHOLD": "50", "CACHE_TTL": "90"],
        try Endpoint(parsing: url), "l1 7, compression 50/6, default_ttl 90s"
      ),
    ]
    // What `LegacyCache.autoDetect` of the library makes of them.
    let local = try Endpoint(parsing: "redis://localhost:6379")
    let standard = "l1 100, compression 1000/6, default_ttl 1h"
    let more: [([String: String], Endpoint, String)] = [
      (["CACHE_TYPE": "redis"], local, standard), (["USE_REDIS": "true"], local, standard),
      (["REDIS_URL": url, "USE_REDIS": "1"], memory, "default_ttl 1h"),
      (
        ["REDIS_URL": url, "CACHE_TYPE": "Redis", "USE_REDIS": "false"], try Endpoint(parsing: url), standard
      ),
      (["REDIS_URL": url, "CACHE_TYPE": "other"], try Endpoint(parsing: url), standard),
      (
        ["REDIS_URL": url, "ENABLE_COMPRESSION": "False"], try Endpoint(parsing: url),
        "l1 100, default_ttl 1h"
      ),
    ]
    for (environment, endpoint, names) in rows + more {
      let stack = try load("{preset: auto}", environment: environment)
      #expect(stack.endpoint == endpoint)
      #expect(stack.layers.names.joined(separator: ", ") == names)
    }
    let explicit = try load("{preset: auto, url: redis://b:1}", environment: ["REDIS_URL": url])
    #expect(explicit.endpoint == (try Endpoint(parsing: "redis://b:1")))
  }

  @Test(
    "What is wrong is said with its path",
    arguments: [
      ("{preset: webapp}", "stacks.new.preset: \"webapp\" is no preset"),
      ("{l1: {entries: 0}}", "stacks.new.l1.entries: \"0\" is not a whole number"),
      ("{l1: {ttl: 5}}", "stacks.new.l1.ttl: is set without entries"),
      ("{l1: {size: 5}}", "stacks.new.l1.size: is an unknown key"),
      ("{compression: {level: 10}}", "stacks.new.compression.level: \"10\" is not a whole number"),
      ("{compression: {threshold: -1}}", "stacks.new.compression.threshold: \"-1\" is not a size"),
      ("{default_ttl: -5}", "stacks.new.default_ttl:"),
      ("{default_ttl: 99999999}", "stacks.new.default_ttl: \"99999999\" is not a whole number"),
      ("{key_prefix: ''}", "stacks.new.key_prefix: is not a text"),
      ("{on_connection_error: maybe}", "stacks.new.on_connection_error: \"maybe\" is neither"),
      ("{on_error: fail}", "stacks.new.on_error: is an unknown key; did you mean on_connection_error?"),
    ])
  func problems(text: String, message: String) throws {
    do {
      _ = try load(text)
      Issue.record("\(text) was taken")
    } catch let error as ConfigurationError {
      #expect("\(error)".contains(message), "\(error)")
    }
  }

  @Test("A variable that auto cannot use is named")
  func badVariable() throws {
    #expect(throws: ConfigurationError.self) {
      _ = try load("{preset: auto}", environment: ["REDIS_URL": "http://x"])
    }
    #expect(throws: ConfigurationError.self) {
      _ = try load("{preset: auto}", environment: ["CACHE_TTL": "soon"])
    }
  }
}
