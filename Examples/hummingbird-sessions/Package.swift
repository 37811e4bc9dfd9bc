// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that Sluice does not depend on Hummingbird.
let package = Package(
  name: "sluice-hummingbird",
  dependencies: [
    .package(name: "sluice", path: "../.."),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.5.0"),
  ],
  targets: [
    .target(
      name: "Sessions",
      dependencies: [
        .product(name: "SluiceCache", package: "sluice"),
        .product(name: "SluiceCacheService", package: "sluice"),
        .product(name: "Hummingbird", package: "hummingbird"),
      ]),
    .executableTarget(name: "SessionsServer", dependencies: ["Sessions"]),
    .testTarget(
      name: "SessionsTests",
      dependencies: ["Sessions", .product(name: "HummingbirdTesting", package: "hummingbird")]),

    // The migration without a proxy, as docs/in-process.md shows it. What a target may use of another is
    // checked strictly here: all that is needed has to be there with the products.
    .target(
      name: "InProcess",
      dependencies: [
        .product(name: "SluiceCache", package: "sluice"),
        .product(name: "SluiceRoutedCache", package: "sluice"),
      ],
      swiftSettings: [.enableUpcomingFeature("MemberImportVisibility")]),
    // Names that a service gives to targets of its own. They are unique in a whole build: none of Sluice's
    // may be one of them.
    .target(name: "Routing"), .target(name: "Control"), .target(name: "Commands"),
    .target(name: "Migrations"),
    .testTarget(
      name: "InProcessTests",
      dependencies: [
        "InProcess", "Routing", "Control", "Commands", "Migrations",
        .product(name: "SluiceCache", package: "sluice"),
        .product(name: "SluiceRoutedCache", package: "sluice"),
      ],
      swiftSettings: [.enableUpcomingFeature("MemberImportVisibility")]),
  ]
)
