/// The words of a command.
typealias Words = [[UInt8]]

extension [[UInt8]] {
  init(_ name: String, _ key: [UInt8], _ rest: String...) {
    self = [[UInt8](name.utf8), key] + rest.map { [UInt8]($0.utf8) }
  }
}
