// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is Swift 6 with complete concurrency checking, and a warning is an error.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
]

/// A build for a sanitizer (`make sanitize`) has locks that it sees.
let sanitized: [SwiftSetting] =
  Context.environment["SLUICE_SANITIZE"] == nil ? [] : [.define("SLUICE_SANITIZE")]

/// The target `Sluice` + the name of its folder in `Sources`. A service that depends on us has targets of its own, and names are
/// unique across all packages of a build: a plain `Routing` or `Control` of ours would refuse a service that has one.
func room(
  _ folder: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = strict
) -> Target {
  .target(
    name: "Sluice\(folder)", dependencies: dependencies, path: "Sources/\(folder)", swiftSettings: settings)
}

let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioEvents = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioHTTP = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let keyDerivation = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")

/// The commit that is built, for `sluice --version`: `make release` says it.
let revision = String(
  (Context.environment["SLUICE_REVISION"] ?? "unknown").filter {
    $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "+")
  })

let package = Package(
  name: "sluice",
  products: [
    .executable(name: "sluice", targets: ["sluice"]),
    .executable(name: "sluice-bench", targets: ["sluice-bench"]),
    .library(name: "SluiceCache", targets: ["SluiceCache"]),
    .library(name: "SluiceCacheService", targets: ["SluiceCacheService"]),
    .library(name: "SluiceRoutedCache", targets: ["SluiceRoutedCache"]),
    .library(name: "SluiceCacheTesting", targets: ["SluiceCacheTesting"]),
  ],
  traits: [
    .trait(
      name: "TLS", description: "SluiceCache reaches a Redis by rediss://. The executables always do.")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
  ],
  targets: [
    // Pure: neither NIO nor Foundation.
    room("Locks", settings: strict + sanitized),
    room("RESP"),
    room("Commands", ["SluiceLocks", "SluiceRESP"]),
    // What scripts touch that they do not declare: rules by their names, and why one is suspected.
    room("Scripts"),
    // What the servers behind the stacks are, and what two of them rightly say differently.
    room("Servers", ["SluiceRESP"]),
    room("Copying", ["SluiceRESP", "SluiceServers"]),
    // How fast a walk may go, and whether there is room for what it brings.
    room("Pacing", ["SluiceServers"]),
    // What can be said before a migration: facts of servers and of source files in, rows out.
    room("Assessment", ["SluiceCommands", "SluiceCopying", "SluiceServers"]),
    room("Routing"),
    room("KeyIndexing"),
    room("Glob"),
    room("MemoryEngine", ["SluiceGlob", "SluiceKeyIndexing", "SluiceRESP"]),

    // Who may do what: rules as in Redis's ACL in, a decision per command out.
    room("Access", ["SluiceRESP", "SluiceCommands", "SluiceMemoryEngine"]),

    // Passwords as they are kept, and whether one is right.
    room("Passwords", [crypto, keyDerivation]),

    // Counters and latency histograms, as the proxy bumps them and the ledger keeps them.
    room("Figures", ["SluiceRouting", histogram]),

    // Files and databases.
    .target(
      name: "SluiceDefaultFlags", path: "flags", resources: [.embedInCode("sluice.flagd.json")],
      swiftSettings: strict),
    .target(
      name: "SluiceMigrations", path: "migrations",
      resources: [
        .embedInCode("0001_ledger.sql"), .embedInCode("0002_groups_suspects_fences.sql"),
        .embedInCode("0003_benchmarks.sql"), .embedInCode("0004_trouble.sql"),
        .embedInCode("0005_refusals.sql"), .embedInCode("0006_evidence.sql"),
        .embedInCode("0007_holds.sql"), .embedInCode("0008_servers_and_copies.sql"),
        .embedInCode("0009_served_and_closed.sql"),
        .embedInCode("0010_what_is_left.sql"),
        .embedInCode("0011_names_and_plan.sql"), .embedInCode("0012_outbox.sql"),
        .embedInCode("0013_rolled_back.sql"), .embedInCode("0014_story_of_a_rollback.sql"),
      ],
      swiftSettings: strict),
    // The guide's two switches in the environment.
    room("Switches"),
    room(
      "Flags",
      ["SluiceLocks", "SluiceRouting", "SluiceJournal", "SluiceDefaultFlags", "SluiceSwitches", logging]),
    room(
      "Ledger",
      [
        "SluiceLocks",
        "SluiceEvidence", "SluiceFigures", "SluiceFlags", "SluiceRouting", "SluiceMigrations",
        .product(name: "GRDB", package: "GRDB.swift"),
      ]),

    // What the counts prove, and when they are a reason to go back.
    room("Evidence", ["SluiceFigures", "SluiceFlags", "SluiceRouting", "SluiceServers"]),

    // What outlives a proxy that is killed: keys of writes in flight, suspects, and what was in force.
    room("Journal", ["SluiceLocks", "SluiceRouting"]),

    // Certificates, keys and trust, read from files: what every door and every link speaks TLS with.
    room("TLSSettings"),
    room("TLS", ["SluiceLocks", "SluiceTLSSettings", nio, nioEvents, nioTLS]),

    // What others are told of, in the formats that they read, and how they are reached.
    room("Telling", [crypto]),
    room("HTTPCaller", ["SluiceLocks", "SluiceTLS", nio, nioPosix, nioHTTP]),

    // The door for machines and people: the page, what a request means and may, how metrics are written; and apart from it the sockets.
    .target(
      name: "SluicePage", path: "Sources/Page",
      resources: [
        .embedInCode("page.html"), .embedInCode("page.css"), .embedInCode("page.js"),
        .embedInCode("page-live.js"),
      ], swiftSettings: strict),
    room("Admin", ["SluicePage", "SluicePasswords", crypto]),
    room("AdminDoor", ["SluiceAdmin", nio, nioPosix, nioHTTP]),

    // Since when a link is silent, whoever has it.
    room("StackLink"),
    // The data plane: machines to which events and the time go in and from which effects come out; neither NIO nor Foundation.
    room(
      "Core",
      [
        "SluiceLocks",
        "SluiceRESP", "SluiceStackLink", "SluiceCommands", "SluiceServers", "SluiceCopying", "SluicePacing",
        "SluiceRouting", "SluiceFigures", "SluiceJournal", "SluiceAccess", "SluiceScripts",
        "SluiceTLSSettings", deque,
      ], settings: strict + [.enableExperimentalFeature("Lifetimes")]),

    // Its shell: sockets, loops, timers, TLS; and what carries the effects out.
    room("Sockets", [nio]),
    room(
      "Proxy",
      [
        "SluiceLocks",
        "SluiceCore", "SluiceRESP", "SluiceSockets", "SluiceTLS", "SluiceCopying", "SluiceServers",
        "SluiceRouting", "SluiceFigures", "SluiceJournal", "SluicePasswords", nio, nioPosix, nioEvents,
      ]),
    room("MemoryServer", ["SluiceMemoryEngine", "SluiceRESP", nio, nioPosix]),
    room(
      "Control",
      [
        "SluiceLocks",
        "SluiceBuild", "SluiceRESP", "SluiceCommands", "SluiceServers", "SluiceCopying", "SluiceRouting",
        "SluiceFigures", "SluiceJournal", "SluiceProxy", "SluiceMemoryServer", "SluiceLayeredServer",
        "SluiceFlags", "SluiceTLS", "SluiceAccess", "SluiceScripts", "SluiceAdmin", "SluiceAdminDoor",
        "SluicePasswords",
        "SluiceDefaultFlags", "SluiceLedger", "SluiceConfiguration", "SluiceEvidence", "SluiceTelling",
        "SluiceHTTPCaller", nio, nioPosix, logging,
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ]),

    // The version, and of which commit this is a build.
    .target(
      name: "CSluiceBuild", path: "Sources/CBuild",
      cSettings: [.define("SLUICE_REVISION", to: revision.isEmpty ? "unknown" : revision)]),
    room("Build", ["CSluiceBuild"]),

    // Where Sluice is a Redis client itself.
    .systemLibrary(
      name: "CSluiceHiredis", path: "Sources/CHiredis", providers: [.apt(["libhiredis-dev"])]),
    room(
      "RedisClient", ["SluiceLocks", "CSluiceHiredis", "SluiceRedis", "SluiceTLS", nio, nioPosix, nioEvents]),

    // What a Redis is to whoever asks it, and a connection for many tasks at once; TLS stands apart.
    room("Redis", ["SluiceRESP", "SluiceTLSSettings"]),
    room(
      "RedisLink",
      [
        "SluiceLocks",
        "SluiceRESP", "SluiceRedis", "SluiceStackLink", "SluiceSockets", "SluiceTLSSettings", nio, nioPosix,
        deque,
      ]),
    room("LinkTLS", ["SluiceRedisLink", "SluiceTLS", "SluiceTLSSettings", nio]),

    // Names by hash, without a library for secrets.
    room("Digests"),

    // The guide's cache library, and the layers that it shares with the stacks of the proxy.
    .systemLibrary(
      name: "CSluiceZlib", path: "Sources/CZlib", providers: [.apt(["zlib1g-dev"])]),
    room("CacheLayers", ["CSluiceZlib", "SluiceKeyIndexing"]),
    room(
      "LayeredServer",
      [
        "SluiceCacheLayers", "SluiceCommands", "SluiceMemoryEngine", "SluiceMemoryServer", "SluiceRESP",
        "SluiceStackLink", "SluiceSockets", "SluiceTLS", nio, nioPosix, deque,
      ]),
    .target(
      name: "SluiceCache",
      dependencies: [
        "SluiceLocks",
        "SluiceCacheLayers", "SluiceDigests", "SluiceGlob", "SluiceKeyIndexing", "SluiceRedis",
        "SluiceRedisLink", "SluiceSwitches", "SluiceTLSSettings",
        .target(name: "SluiceLinkTLS", condition: .when(traits: ["TLS"])), logging,
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: strict),
    .target(
      name: "SluiceCacheService",
      dependencies: [
        "SluiceCache", logging, .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .target(
      name: "SluiceCacheTesting", dependencies: ["SluiceCache", "SluiceRedisClient"], swiftSettings: strict),
    .target(
      name: "SluiceRoutedCache",
      dependencies: [
        "SluiceLocks",
        "SluiceBuild", "SluiceCache", "SluiceRouting", "SluiceFlags", "SluiceDefaultFlags", "SluiceFigures",
        "SluiceEvidence", "SluiceJournal", "SluiceLedger", "SluiceRESP",
        deque, logging,
      ],
      swiftSettings: strict),

    // Command lines.
    .target(
      // Not just `Configuration`: a service that has Hummingbird has swift-configuration's target of that name.
      name: "SluiceConfiguration",
      dependencies: [
        "SluiceCacheLayers", "SluiceTLS", "SluiceAccess", "SluicePasswords", "SluiceScripts", "SluiceTelling",
        "SluiceHTTPCaller",
        .product(name: "Yams", package: "Yams"),
      ],
      path: "Sources/Configuration",
      swiftSettings: strict),
    .target(
      name: "SluiceCLI",
      dependencies: [
        "SluiceAssessment", "SluiceBuild", "SluiceCommands", "SluiceRESP",
        "SluiceConfiguration", "SluiceControl", "SluiceCopying", "SluicePacing", "SluiceServers",
        "CSluiceZlib", "SluiceFlags",
        "SluiceRedisClient", "SluiceTLS", "SluiceLinkTLS", "SluicePasswords", "SluiceAdmin",
        "SluiceLedger", "SluiceRouting", "SluiceCache",
        "SluiceCacheLayers", logging,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .executableTarget(name: "sluice", dependencies: ["SluiceCLI"], swiftSettings: strict),
    room("LoadGenerator", ["SluiceLocks", "SluiceRedisClient", "SluiceTLS", histogram]),
    .executableTarget(
      name: "sluice-bench",
      dependencies: [
        "SluiceLocks",
        "SluiceCache", "SluiceLoadGenerator", "SluiceRedisClient",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    // The machines of the proxy in a world that a seed owns.
    .executableTarget(
      name: "sluice-simulate",
      dependencies: [
        "SluiceCore", "SluiceMemoryEngine", "SluiceRESP", "SluiceCommands", "SluiceRouting", "SluiceJournal",
        "SluiceFigures", deque,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Simulation", exclude: ["breaks"], swiftSettings: strict),

    // Tests.
    .target(
      name: "SluiceTestSupport",
      dependencies: ["SluiceLocks", "SluiceLoadGenerator", "SluiceRedisClient", "SluiceTLS"],
      path: "Tests/Support",
      swiftSettings: strict),
    .testTarget(
      name: "AcceptanceTests",
      dependencies: [
        "SluiceLocks",
        "SluiceTestSupport", "SluiceLoadGenerator", "SluiceRedisClient", "SluiceTLS", "SluiceLedger",
        "sluice",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      exclude: ["Scripts"], swiftSettings: strict),
    .testTarget(
      name: "RESPTests", dependencies: ["SluiceRESP", "SluiceLoadGenerator", "SluiceTestSupport"],
      swiftSettings: strict),
    // The core without sockets: what happens goes in, and what is to be done comes out, line by line.
    .testTarget(
      name: "CoreTests", dependencies: ["SluiceCore", "SluiceRESP", "SluiceRouting"], swiftSettings: strict),
    .testTarget(
      name: "ProxyTests",
      dependencies: [
        "SluiceLocks",
        "SluiceProxy", "SluiceCore", "SluiceRESP", "SluiceCommands", "SluiceCopying", "SluicePacing",
        "SluiceRouting", "SluiceFigures", "SluiceMemoryServer", "SluiceLayeredServer", "SluiceRedisClient",
        "SluiceAccess", "SluicePasswords", "SluiceScripts",
        "SluiceLoadGenerator", "SluiceTestSupport", nio, nioPosix,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "AdminTests",
      dependencies: [
        "SluiceAdmin", "SluiceAdminDoor", "SluicePage", "SluicePasswords", "SluiceTestSupport", crypto, nio,
        nioPosix,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "AccessTests",
      dependencies: [
        "SluiceAccess", "SluiceCommands", "SluiceRESP", "SluicePasswords", "SluiceLoadGenerator",
        "SluiceRedisClient", "SluiceTestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "EffectsTests",
      dependencies: [
        "SluiceCommands", "SluiceRESP", "SluiceRedisClient", "SluiceLoadGenerator", "SluiceTestSupport",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "CommandsTests",
      dependencies: ["SluiceCommands", "SluiceRESP", "SluiceLoadGenerator", "SluiceTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "PacingTests", dependencies: ["SluicePacing", "SluiceServers"], swiftSettings: strict),
    .testTarget(
      name: "AssessmentTests",
      dependencies: ["SluiceAssessment", "SluiceCommands", "SluiceServers", "SluiceLoadGenerator"],
      swiftSettings: strict),
    .testTarget(name: "ScriptsTests", dependencies: ["SluiceScripts"], swiftSettings: strict),
    .testTarget(name: "ServersTests", dependencies: ["SluiceServers"], swiftSettings: strict),
    .testTarget(
      name: "CopyingTests", dependencies: ["SluiceCopying", "SluiceServers", "SluiceRESP"],
      swiftSettings: strict),
    .testTarget(
      name: "RoutingTests", dependencies: ["SluiceRouting", "SluiceLoadGenerator"],
      exclude: ["fractional_vectors.py"],
      resources: [.copy("bucketing_vectors.json"), .copy("fractional_vectors.json")],
      swiftSettings: strict),
    .testTarget(
      name: "JournalTests", dependencies: ["SluiceJournal", "SluiceRouting", "SluiceTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "FiguresTests", dependencies: ["SluiceFigures", "SluiceRouting"], swiftSettings: strict),
    .testTarget(
      name: "FlagsTests",
      dependencies: [
        "SluiceLocks",
        "SluiceFlags", "SluiceJournal", "SluiceRouting", "SluiceDefaultFlags", "SluiceTestSupport", logging,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "EvidenceTests",
      dependencies: [
        "SluiceEvidence", "SluiceFigures", "SluiceFlags", "SluiceLedger", "SluiceLoadGenerator",
        "SluiceRouting", "SluiceServers",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "LedgerTests",
      dependencies: [
        "SluiceLedger", "SluiceFigures", "SluiceRouting", "SluiceMigrations", "SluiceTestSupport",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "MemoryEngineTests",
      dependencies: [
        "SluiceMemoryEngine", "SluiceMemoryServer", "SluiceRESP", "SluiceLoadGenerator", nio, nioPosix,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "RedisClientTests",
      dependencies: ["SluiceRedisClient", "SluiceTLS", "SluiceLoadGenerator", "SluiceTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "LoadGeneratorTests", dependencies: ["SluiceLoadGenerator", "SluiceRedisClient", histogram],
      swiftSettings: strict),
    .testTarget(
      name: "CacheLayersTests", dependencies: ["SluiceCacheLayers", "SluiceLoadGenerator"],
      swiftSettings: strict),
    .testTarget(
      name: "LayeredServerTests",
      dependencies: [
        "SluiceLocks",
        "SluiceLayeredServer", "SluiceCacheLayers", "SluiceLoadGenerator", "SluiceRESP", "SluiceRedisClient",
        "SluiceTestSupport", nio, nioPosix,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "SluiceCacheTests",
      dependencies: [
        "SluiceLocks",
        "SluiceCache", "SluiceCacheService", "SluiceCacheTesting", "SluiceLoadGenerator", "SluiceRedisClient",
        "SluiceDigests", "SluiceLinkTLS", "SluiceRedis", "SluiceRedisLink", "SluiceTestSupport",
        crypto, histogram, logging,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "SluiceCacheServiceTests",
      dependencies: [
        "SluiceCacheService", "SluiceCacheTesting", "SluiceTestSupport", logging,
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "SluiceRoutedCacheTests",
      dependencies: [
        "SluiceLocks",
        "SluiceRoutedCache", "SluiceCacheTesting", "SluiceFlags", "SluiceFigures", "SluiceLedger",
        "SluiceLoadGenerator", "SluiceRouting",
        "SluiceTestSupport", logging,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "TellingTests", dependencies: ["SluiceTelling", "SluiceHTTPCaller", "SluiceTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "TLSTests", dependencies: ["SluiceTLS", "SluiceLoadGenerator", "SluiceTestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "ConfigurationTests",
      dependencies: ["SluiceConfiguration", "SluiceScripts", "SluiceLoadGenerator"],
      swiftSettings: strict),
    .testTarget(
      name: "SluiceCLITests",
      dependencies: [
        "SluiceLocks",
        "SluiceBuild", "SluiceRedisClient", "SluiceCLI", "SluiceConfiguration", "SluiceLedger",
        "SluiceLoadGenerator", "SluiceCache",
        "SluiceControl", "SluiceTestSupport", logging,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
  ]
)

// `SLUICE_TARGETS=core`: the core, what it stands on, and their tests, which need none of the libraries around it.
if Context.environment["SLUICE_TARGETS"] == "core" {
  let core: Set = [
    "SluiceLocks", "SluiceRESP", "SluiceCommands", "SluiceScripts", "SluiceServers", "SluiceCopying",
    "SluicePacing", "SluiceRouting", "SluiceKeyIndexing", "SluiceGlob", "SluiceMemoryEngine", "SluiceAccess",
    "SluiceFigures",
    "SluiceJournal", "SluiceStackLink", "SluiceTLSSettings", "SluiceCore", "CoreTests", "CopyingTests",
  ]
  package.products = []
  package.traits = []
  package.targets.removeAll { !core.contains($0.name) }
  package.dependencies = [
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ]
}
