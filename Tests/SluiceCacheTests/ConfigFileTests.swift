import Foundation
import SluiceLoadGenerator
import Testing

@testable import SluiceCache

@Suite("Configurations in files")
struct ConfigFileTests {
  /// A folder for one test.
  private final class Folder {
    let path: String

    init() throws {
      let url = FileManager.default.temporaryDirectory.appendingPathComponent(
        "sluice-config-\(UUID().uuidString)")
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String, _ text: String) throws -> String {
      let file = "\(path)/\(name)"
      try Data(text.utf8).write(to: URL(fileURLWithPath: file))
      return file
    }
  }

  static let jsonText =
    #"{"redis_url": "redis://db", "default_ttl": 60, "ai_config": {"operation_ttls": {"qa": 1}}}"#
  static let yamlText = """
    redis_url: redis://db
    default_ttl: 60
    ai_config:
      operation_ttls: { qa: 1 }
    """

  @Test(
    "JSON and YAML by their extensions, or by trying",
    arguments: [
      ("a.json", jsonText), ("a.yaml", yamlText), ("a.YML", yamlText), ("a.yml", jsonText),
      ("a.conf", jsonText), ("a", yamlText),
    ])
  func formats(name: String, text: String) throws {
    let folder = try Folder()
    let builder = try CacheConfigBuilder().fromFile(folder.file(name, text))
    #expect(
      try builder.build()
        == CacheConfig(
          redisURL: "redis://db", defaultTTL: .seconds(60),
          ai: AIConfig(operationTTLs: ["qa": .seconds(1)])))
    #expect(builder.validate().warnings == [])
  }

  @Test("a file changes only what it names, and the AI settings one by one")
  func merge() throws {
    let folder = try Folder()
    let file = try folder.file("a.json", #"{"compression_level": 2, "ai_config": {"max_text_length": 9}}"#)
    let before = CacheConfigBuilder().forEnvironment(.production).withAIFeatures { $0.textHashThreshold = 5 }
    let after = try before.fromFile(file).config
    var expected = before.config
    expected.compressionLevel = 2
    expected.ai?.maxTextLength = 9
    #expect(after == expected)
    let none = try folder.file("b.json", #"{"ai_config": null, "redis_url": null, "default_ttl": null}"#)
    #expect(try before.withRedis("redis://x").fromFile(none).config.ai == nil)
    #expect(try before.withRedis("redis://x").fromFile(none).config.redisURL == nil)
    #expect(try before.fromFile(none).config.defaultTTL == .seconds(7200))
  }

  @Test("unknown settings are ignored with a warning")
  func unknown() throws {
    let folder = try Folder()
    let file = try folder.file("a.json", #"{"colour": 1, "ai_config": {"zeal": 2}}"#)
    #expect(
      try CacheConfigBuilder().fromFile(file).validate().warnings == [
        "colour is an unknown setting and is ignored (in \(file))",
        "ai_config.zeal is an unknown setting and is ignored (in \(file))",
      ])
  }

  static let brokenFiles: [(name: String, text: String, message: String)] = [
    ("a.json", "{", "Invalid JSON in configuration file: "),
    ("a.json", "redis_url: x", "Invalid JSON in configuration file: "),
    ("a.yaml", "a: [", "Invalid YAML in configuration file: "),
    ("a.yaml", "a: 2001-12-14", "Invalid YAML in configuration file: "),
    (
      "a.yaml",
      "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
        + "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
        + "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]",
      "Invalid YAML in configuration file: there are more than 10000 values"
    ),
    ("a.json", String(repeating: "[", count: 100_000), "Invalid JSON in configuration file: "),
    ("a.yaml", String(repeating: "[", count: 100_000), "Invalid YAML in configuration file: "),
    ("a", "a: [", "Failed to load configuration from file: "),
    ("a.json", "[1]", "Failed to load configuration from file: "),
    ("a.yaml", "", "Failed to load configuration from file: "),
    (
      "a.json", #"{"default_ttl": "60", "use_tls": 1, "environment": "x", "ai_config": []}"#,
      "Failed to load configuration from file: use_tls must be a boolean; default_ttl must be an integer; "
        + "environment must be one of development, testing, production; ai_config must be a dictionary (in "
    ),
    (
      "a.yaml", "default_ttl: 1.5\nredis_url: 1",
      "Failed to load configuration from file: redis_url must be a string; default_ttl must be an integer"
    ),
  ]

  @Test("files that cannot be used", arguments: brokenFiles)
  func broken(name: String, text: String, message: String) throws {
    let folder = try Folder()
    let file = try folder.file(name, text)
    let error = #expect(throws: CacheError.self) { try CacheConfigBuilder().fromFile(file) }
    #expect(error?.kind == .configuration)
    #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    #expect(error?.context["file_path"] == .string(file))
  }

  @Test(
    "what is wrong with a file does not tell a password",
    arguments: ["redis_password: [hush", "redis_password: hush: hush", "redis_password: 'hush", "- *hush"],
    ["json", "yaml", "conf"])
  func brokenSecret(text: String, ending: String) throws {
    let folder = try Folder()
    let file = try folder.file("a.\(ending)", text)
    let error = #expect(throws: CacheError.self) { try CacheConfigBuilder().fromFile(file) }
    #expect(error?.kind == .configuration)
    let told = "\(error?.message ?? "hush") \(error?.context ?? [:])"
    #expect(!told.contains("hush"), "\(told)")
  }

  @Test("a file that is not there, and one that is not text")
  func absent() throws {
    let absent = #expect(throws: CacheError.self) { try CacheConfigBuilder().fromFile("/no/such/file.json") }
    #expect(absent?.message == "Configuration file not found: /no/such/file.json")
    let folder = try Folder()
    try Data([0xff, 0xfe, 0x00]).write(to: URL(fileURLWithPath: "\(folder.path)/a.json"))
    let binary = #expect(throws: CacheError.self) {
      try CacheConfigBuilder().fromFile("\(folder.path)/a.json")
    }
    #expect(binary?.message.hasPrefix("Failed to load configuration from file: ") == true)
  }

  @Test("saving makes folders, hides the file from others and keeps JSON readable")
  func save() throws {
    let folder = try Folder()
    let file = "\(folder.path)/deep/er/cache.json"
    try CacheConfigBuilder().withRedis("redis://db", password: "p").save(to: file)
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(text.contains("\n  \"redis_url\" : \"redis://db\""))
    let rights = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
    #expect(rights == 0o600)
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/deep/er") == ["cache.json"])
    let error = #expect(throws: CacheError.self) {
      try CacheConfigBuilder().save(to: "\(folder.path)/none/cache.json", createFolders: false)
    }
    #expect(error?.kind == .configuration)
    #expect(error?.message.hasPrefix("Failed to save configuration to file: ") == true)
  }

  @Test("what is saved is read back the same", arguments: ["json", "yaml", "conf"], 0..<40)
  func roundTrip(ending: String, seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let config = CacheConfig.random(&random)
    let folder = try Folder()
    let file = "\(folder.path)/cache.\(ending)"
    try CacheConfigBuilder(config).save(to: file)
    let read = try CacheConfigBuilder().fromFile(file)
    #expect(read.config == config, "seed \(seed)")
    #expect(read.sourceWarnings == [], "seed \(seed)")
  }
}
