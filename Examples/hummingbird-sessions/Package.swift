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
  ]
)
