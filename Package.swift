// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours is Swift 6 with complete concurrency checking, and a warning is an error.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
]

let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let histogram = Target.Dependency.product(name: "Histogram", package: "hdrhistogram-swift")

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
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
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
    .target(name: "RESP", swiftSettings: strict),
    .target(name: "Commands", dependencies: ["RESP"], swiftSettings: strict),
    .target(name: "Routing", swiftSettings: strict),
    .target(name: "KeyIndexing", swiftSettings: strict),
    .target(name: "MemoryEngine", dependencies: ["KeyIndexing", "RESP"], swiftSettings: strict),

    // Counters and latency histograms, as the proxy bumps them and the ledger keeps them.
    .target(name: "Figures", dependencies: ["Routing", histogram], swiftSettings: strict),

    // Files and databases.
    .target(
      name: "DefaultFlags", path: "flags", resources: [.embedInCode("sluice.flagd.json")],
      swiftSettings: strict),
    .target(
      name: "Migrations", path: "migrations",
      resources: [
        .embedInCode("0001_ledger.sql"), .embedInCode("0002_groups_suspects_fences.sql"),
        .embedInCode("0003_benchmarks.sql"), .embedInCode("0004_trouble.sql"),
      ],
      swiftSettings: strict),
    .target(name: "Flags", dependencies: ["Routing", "DefaultFlags"], swiftSettings: strict),
    .target(
      name: "Ledger",
      dependencies: ["Figures", "Routing", "Migrations", .product(name: "GRDB", package: "GRDB.swift")],
      swiftSettings: strict),

    // What the counts prove, and when they are a reason to go back.
    .target(name: "Evidence", dependencies: ["Figures", "Flags", "Routing"], swiftSettings: strict),

    // What outlives a proxy that is killed: keys of writes in flight, and suspects.
    .target(name: "Journal", dependencies: ["Routing"], swiftSettings: strict),

    // The data plane and its switchboard.
    .target(
      name: "Proxy",
      dependencies: ["RESP", "Commands", "Routing", "Figures", "Journal", nio, nioPosix, deque],
      swiftSettings: strict),
    .target(
      name: "MemoryServer", dependencies: ["MemoryEngine", "RESP", nio, nioPosix],
      swiftSettings: strict),
    .target(
      name: "Control",
      dependencies: [
        "RESP", "Commands", "Routing", "Figures", "Journal", "Proxy", "MemoryServer", "LayeredServer",
        "Flags",
        "DefaultFlags", "Ledger", "SluiceConfiguration", "Evidence", nio, nioPosix, logging,
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),

    // Where Sluice is a Redis client itself.
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    .target(name: "RedisClient", dependencies: ["CHiredis"], swiftSettings: strict),

    // The guide's cache library, and the layers that it shares with the stacks of the proxy.
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CacheLayers", dependencies: ["CZlib", "KeyIndexing"], swiftSettings: strict),
    .target(
      name: "LayeredServer",
      dependencies: [
        "CacheLayers", "Commands", "MemoryEngine", "MemoryServer", "RESP", nio, nioPosix, deque,
      ],
      swiftSettings: strict),
    .target(
      name: "SluiceCache",
      dependencies: [
        "CacheLayers", "Flags", "MemoryEngine", "RedisClient", histogram, logging,
        .product(name: "Crypto", package: "swift-crypto"),
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
      name: "SluiceCacheTesting", dependencies: ["SluiceCache", "RedisClient"], swiftSettings: strict),
    .target(
      name: "SluiceRoutedCache",
      dependencies: [
        "SluiceCache", "Routing", "Flags", "DefaultFlags", "Figures", "Evidence", "Journal", "Ledger", "RESP",
        deque, logging,
      ],
      swiftSettings: strict),

    // Command lines.
    .target(
      // Not just `Configuration`: a service that has Hummingbird has swift-configuration's target of that name.
      name: "SluiceConfiguration",
      dependencies: ["CacheLayers", .product(name: "Yams", package: "Yams")],
      path: "Sources/Configuration",
      swiftSettings: strict),
    .target(
      name: "SluiceCLI",
      dependencies: [
        "SluiceConfiguration", "Control", "CZlib", "Flags", "RedisClient", "Ledger", "Routing", "SluiceCache",
        "CacheLayers", logging,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .executableTarget(name: "sluice", dependencies: ["SluiceCLI"], swiftSettings: strict),
    .target(
      name: "LoadGenerator", dependencies: ["RedisClient", histogram], swiftSettings: strict),
    .executableTarget(
      name: "sluice-bench",
      dependencies: [
        "LoadGenerator", "RedisClient",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    // Tests.
    .target(
      name: "TestSupport", dependencies: ["LoadGenerator", "RedisClient"], path: "Tests/Support",
      swiftSettings: strict),
    .testTarget(
      name: "AcceptanceTests",
      dependencies: [
        "TestSupport", "LoadGenerator", "RedisClient", "Ledger", "sluice",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      exclude: ["Scripts"], swiftSettings: strict),
    .testTarget(name: "RESPTests", dependencies: ["RESP", "LoadGenerator"], swiftSettings: strict),
    .testTarget(
      name: "ProxyTests",
      dependencies: [
        "Proxy", "RESP", "Commands", "Routing", "Figures", "MemoryServer", "LoadGenerator", nio, nioPosix,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "EffectsTests", dependencies: ["Commands", "RESP", "RedisClient", "LoadGenerator"],
      swiftSettings: strict),
    .testTarget(
      name: "CommandsTests", dependencies: ["Commands", "RESP", "LoadGenerator"], swiftSettings: strict),
    .testTarget(
      name: "RoutingTests", dependencies: ["Routing", "LoadGenerator"],
      resources: [.copy("bucketing_vectors.json")],
      swiftSettings: strict),
    .testTarget(name: "JournalTests", dependencies: ["Journal", "Routing"], swiftSettings: strict),
    .testTarget(name: "FiguresTests", dependencies: ["Figures", "Routing"], swiftSettings: strict),
    .testTarget(
      name: "FlagsTests", dependencies: ["Flags", "Routing", "DefaultFlags"], swiftSettings: strict),
    .testTarget(
      name: "EvidenceTests",
      dependencies: ["Evidence", "Figures", "Flags", "Ledger", "LoadGenerator", "Routing"],
      swiftSettings: strict),
    .testTarget(
      name: "LedgerTests",
      dependencies: [
        "Ledger", "Figures", "Routing", "Migrations", .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "MemoryEngineTests",
      dependencies: ["MemoryEngine", "MemoryServer", "RESP", "LoadGenerator", nio, nioPosix],
      swiftSettings: strict),
    .testTarget(
      name: "RedisClientTests", dependencies: ["RedisClient", "LoadGenerator"], swiftSettings: strict),
    .testTarget(
      name: "LoadGeneratorTests", dependencies: ["LoadGenerator", "RedisClient", histogram],
      swiftSettings: strict),
    .testTarget(
      name: "CacheLayersTests", dependencies: ["CacheLayers", "LoadGenerator"], swiftSettings: strict),
    .testTarget(
      name: "LayeredServerTests",
      dependencies: [
        "LayeredServer", "CacheLayers", "LoadGenerator", "RESP", "RedisClient", "TestSupport", nio, nioPosix,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "SluiceCacheTests",
      dependencies: [
        "SluiceCache", "SluiceCacheService", "SluiceCacheTesting", "LoadGenerator", "RedisClient",
        "TestSupport",
        logging,
      ],
      swiftSettings: strict),
    .testTarget(
      name: "SluiceCacheServiceTests",
      dependencies: [
        "SluiceCacheService", "SluiceCacheTesting", "TestSupport", logging,
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "SluiceRoutedCacheTests",
      dependencies: [
        "SluiceRoutedCache", "SluiceCacheTesting", "Flags", "Figures", "Ledger", "LoadGenerator", "Routing",
        "TestSupport", logging,
      ],
      swiftSettings: strict),
    .testTarget(name: "ConfigurationTests", dependencies: ["SluiceConfiguration"], swiftSettings: strict),
    .testTarget(
      name: "SluiceCLITests",
      dependencies: [
        "SluiceCLI", "SluiceConfiguration", "Ledger", "LoadGenerator", "SluiceCache", "TestSupport", logging,
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
      ],
      swiftSettings: strict),
  ]
)
