import Testing

@testable import SluiceCache

@Suite("Errors keep secrets")
struct ErrorsSecretsTests {
  static let messages: [(text: String, shown: String)] = [
    ("cannot reach redis://:hush@db:6379/0; try again", "cannot reach redis://***@db:6379/0; try again"),
    ("redis://user:hush@db", "redis://***@db"),
    ("redis://:hu sh@db", "redis://***@db"),
    ("redis://:hu@sh@db", "redis://***@db"),
    ("redis://db and redis://:hush@other", "redis://db and redis://***@other"),
    ("redis://:a@x, redis://:b@y", "redis://***@x, redis://***@y"),
    ("redis://db:6379", "redis://db:6379"),
    ("no address at all", "no address at all"),
    ("://", "://"),
    ("", ""),
  ]

  @Test("a message shows no login", arguments: messages)
  func message(text: String, shown: String) {
    let error = CacheError(.infrastructure, text)
    #expect(error.message == shown)
    #expect(error.description == shown)
  }

  static let urls: [(url: String, shown: String)] = [
    ("redis://:hush@db:6379/1", "redis://***@db:6379/1"),
    ("user:hush@db:6379", "***@db:6379"),
    ("redis://db?password=hush", "redis://db?***"),
    ("redis://:a?hush@db", "redis://***"),
    ("redis://:a@hush?b@db", "redis://***"),
    ("invalid://u:hush@h", "invalid://***@h"),
    ("redis://db", "redis://db"),
    ("db", "db"),
  ]

  @Test("a URL in the context shows no login", arguments: urls)
  func context(url: String, shown: String) {
    let error = CacheError(.validation, "x", context: ["redis_url": .string(url)])
    #expect(error.context == ["redis_url": .string(shown)])
  }

  @Test("secrets are found at any depth and by their names")
  func depth() {
    let error = CacheError(
      .configuration, "x",
      context: [
        "redis_password": "hush", "acl_password": .null,
        "additional_params": ["inner": [["client_secret": 1, "url": "redis://:hush@h"]]],
        "note": "see redis://:hush@h",
      ])
    #expect(
      error.context == [
        "redis_password": "***", "acl_password": .null,
        "additional_params": ["inner": [["client_secret": "***", "url": "redis://***@h"]]],
        "note": "see redis://***@h",
      ])
    #expect(!"\(error) \(error.context)".contains("hush"))
  }

  @Test("a configuration does not print its password")
  func description() {
    let config = CacheConfig(redisURL: "redis://:hush@db", redisPassword: "hush")
    #expect(!"\(config)".contains("hush"))
    #expect("\(config)".contains("redis_url: redis://***@db"))
    #expect("\(config)".contains("default_ttl: 3600"))
  }
}
