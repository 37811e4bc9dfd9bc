import SluiceLocks

/// What a port of ours asks for by `AUTH`; a rotation replaces it while the port is open. Who is in stays in.
public final class DoorPassword: Sendable {
  private let bytes: Mutex<[UInt8]>

  public init(_ password: [UInt8]) { bytes = Mutex(password) }

  public func replace(by password: [UInt8]) { bytes.withLock { $0 = password } }

  /// Takes the same time wherever the first difference is.
  public func isEqual(to given: [UInt8]) -> Bool {
    let password = bytes.withLock { $0 }
    guard password.count == given.count else { return false }
    return zip(password, given).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
