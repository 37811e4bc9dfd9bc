/// Where an application makes and uses its cache, by the patterns of a pre-migration assessment: told from the text of its files.
public struct SourceFindings: Sendable, Equatable {
  /// In the order of the table.
  public enum Pattern: String, Sendable, CaseIterable {
    case instantiation = "direct instantiation"
    case detection = "environment-based auto-detection"
    case wrappers = "custom cache wrappers"
    case tests = "complex test setups"

    public var complexity: String {
      switch self {
      case .instantiation: "low"
      case .detection, .tests: "medium"
      case .wrappers: "high"
      }
    }

    /// Hours, for a whole application.
    public var hours: ClosedRange<Int> {
      switch self {
      case .instantiation: 1...2
      case .detection: 2...4
      case .wrappers: 4...8
      case .tests: 2...3
      }
    }
  }

  public enum Language: Sendable {
    case python, swift
  }

  public struct Place: Sendable, Equatable {
    public var file: String
    public var line: Int
  }

  public private(set) var files = 0
  public private(set) var counts: [Pattern: Int] = [:]
  /// Files with it.
  public private(set) var fileCounts: [Pattern: Int] = [:]
  /// The first few.
  public private(set) var places: [Pattern: [Place]] = [:]
  /// Not all of the tree was read.
  public var isCut = false

  public init() {}

  /// Takes one file.
  ///
  /// - Parameter path: as it is shown; tells tests from the rest.
  public mutating func add(_ text: String, _ path: String, _ language: Language) {
    files += 1
    let isTest = Self.isTest(path, language)
    var found: Set<Pattern> = []
    var fixture = 0
    for (place, line) in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
      .enumerated()
    {
      let line = SourceLine(String(line.prefix(Self.lineLimit)), language)
      // What a fixture is follows within a few lines.
      fixture = line.beginsFixture ? 4 : fixture - 1
      var patterns = line.patterns
      if isTest, !patterns.isEmpty || fixture > 0 && line.speaksOfCache {
        patterns = [.tests]
        fixture = 0
      }
      for pattern in patterns {
        counts[pattern, default: 0] += 1
        found.insert(pattern)
        if places[pattern, default: []].count < Self.placesKept {
          places[pattern, default: []].append(Place(file: path, line: place + 1))
        }
      }
    }
    for pattern in found { fileCounts[pattern, default: 0] += 1 }
  }

  private static func isTest(_ path: String, _ language: Language) -> Bool {
    let parts = path.split(separator: "/")
    guard let file = parts.last else { return false }
    if parts.dropLast().contains(where: { ["tests", "test", "Tests"].contains($0) }) { return true }
    switch language {
    case .python: return file.hasPrefix("test_") || file.hasSuffix("_test.py") || file == "conftest.py"
    case .swift: return file.hasSuffix("Tests.swift") || file.hasSuffix("Test.swift")
    }
  }

  /// As rows, with the effort of the guide.
  public var rows: [AssessmentRow] {
    let cut = isCut ? "; the tree is larger than what was read" : ""
    guard files > 0 else {
      return [
        AssessmentRow(
          .source, "files", .look, "no Python or Swift file there\(cut)", do: "name the root of the sources")
      ]
    }
    return [
      AssessmentRow(.source, "files", .fine, "\(Quantity.count(files, "file")) of Python and Swift\(cut)")
    ]
      + Pattern.allCases.map { pattern in
        guard let count = counts[pattern], count > 0 else {
          return AssessmentRow(.source, pattern.rawValue, .fine, "none")
        }
        let examples = (places[pattern] ?? []).map { "\($0.file):\($0.line)" }.joined(separator: ", ")
        return AssessmentRow(
          .source, pattern.rawValue, pattern == .instantiation ? .fine : .look,
          "\(Quantity.count(count, "place")) in \(Quantity.count(fileCounts[pattern] ?? 0, "file")): \(examples)",
          do:
            "complexity \(pattern.complexity), \(pattern.hours.lowerBound)-\(pattern.hours.upperBound) h. \(Self.advice(pattern))"
        )
      }
  }

  private static func advice(_ pattern: Pattern) -> String {
    switch pattern {
    case .instantiation: "Its address becomes the proxy's, or a factory of SluiceCache makes it"
    case .detection:
      "Change REDIS_URL to the proxy's address in one place, and name the cache instead of guessing it"
    case .wrappers:
      "See what the wrapper adds (prefix, compression, TTL, fallback): a stack's layers have these"
    case .tests: "Tests keep a server, or the in-memory cache, of their own"
    }
  }

  private static let placesKept = 3
  private static let lineLimit = 2000
}

/// One line of a source file.
private struct SourceLine {
  private let text: String
  private let language: SourceFindings.Language

  init(_ line: String, _ language: SourceFindings.Language) {
    self.language = language
    let trimmed = line.drop { $0 == " " || $0 == "\t" }
    // What stands in a comment makes no cache.
    text = trimmed.hasPrefix("#") || trimmed.hasPrefix("//") ? "" : String(trimmed)
  }

  var beginsFixture: Bool {
    language == .python && (text.hasPrefix("@pytest.fixture") || text.hasPrefix("@pytest_asyncio.fixture"))
  }

  var speaksOfCache: Bool {
    let lower = text.lowercased()
    return lower.contains("cache") || lower.contains("redis")
  }

  var patterns: [SourceFindings.Pattern] {
    guard !text.isEmpty else { return [] }
    if isWrapper { return [.wrappers] }
    if detects { return [.detection] }
    return makes ? [.instantiation] : []
  }

  private var makes: Bool {
    if text.hasPrefix("class ") || text.hasPrefix("def ") || text.hasPrefix("func ") { return false }
    return Self.makers(language).contains { name in calls(name) }
  }

  private static func makers(_ language: SourceFindings.Language) -> [String] {
    switch language {
    case .python:
      [
        "AIResponseCache", "GenericRedisCache", "InMemoryCache", "Redis", "StrictRedis", "RedisCluster",
        "Valkey",
        "aioredis.from_url", "redis.from_url", "Redis.from_url", "valkey.from_url", "ConnectionPool.from_url",
        "GlideClient.create",
      ]
    case .swift:
      [
        "AIResponseCache", "GenericRedisCache", "InMemoryCache", "RedisConnection.make",
        "RedisConnectionPool", "RedisClient",
        "ValkeyClient", "RedisCache", "MemoryCache",
      ]
    }
  }

  private var detects: Bool {
    if calls("get_cache_instance") || calls("get_ai_cache") { return true }
    let asksEnvironment: Bool
    switch language {
    case .python:
      asksEnvironment = text.contains("environ") || text.contains("getenv") || text.contains("config(")
    case .swift:
      asksEnvironment =
        text.contains("environment") || text.contains("Environment.get") || text.contains("getenv")
    }
    return asksEnvironment
      && ["CACHE_", "REDIS_", "VALKEY_"].contains { text.contains("\"\($0)") || text.contains("'\($0)") }
  }

  /// A class that is a cache, made of another one or for oneself.
  private var isWrapper: Bool {
    switch language {
    case .python:
      guard text.hasPrefix("class "), let head = text.split(separator: ":").first else { return false }
      // A class of tests, or of settings, is none.
      let name = head.dropFirst(6).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      if name.hasPrefix("Test") { return false }
      return name.hasSuffix("Cache") || name.hasSuffix("CacheWrapper") || name.hasSuffix("CacheService")
        || head.drop { $0 != "(" }.contains("Cache")
    case .swift:
      let words = text.split(separator: " ")
      guard let place = words.firstIndex(where: { ["class", "struct", "actor"].contains($0) }),
        place + 1 < words.count
      else { return false }
      guard words[..<place].allSatisfy({ Self.modifiers.contains(String($0)) }) else { return false }
      let name = words[place + 1].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      return name.hasSuffix("Cache") || name.hasSuffix("CacheWrapper") || name.hasSuffix("CacheService")
    }
  }

  private static let modifiers: Set<String> = [
    "public", "final", "private", "fileprivate", "internal", "package", "open", "indirect",
  ]

  /// `name(` with nothing before it that would make it another name.
  private func calls(_ name: String) -> Bool {
    var rest = text[...]
    while let place = rest.firstRange(of: name) {
      let before = place.lowerBound > text.startIndex ? text[text.index(before: place.lowerBound)] : " "
      let after = place.upperBound < text.endIndex ? text[place.upperBound] : " "
      if !before.isLetter, !before.isNumber, before != "_", after == "(" { return true }
      rest = rest[place.upperBound...]
    }
    return false
  }
}
