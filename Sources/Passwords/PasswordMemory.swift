import Crypto
import Foundation

/// Recognises a password that was looked at before without keeping it: by a code whose key lives as long as the process and is nowhere
/// else. A client that connects a second time costs microseconds.
public struct PasswordMemory: Sendable {
  private let key = SymmetricKey(size: .bits256)

  public init() {}

  /// What stands for one password that was given for what is stored.
  public func code(of given: [UInt8], for stored: [StoredPassword]) -> [UInt8] {
    var code = HMAC<SHA256>(key: key)
    for password in stored {
      let identity = password.identity
      code.update(data: withUnsafeBytes(of: identity.count) { Array($0) })
      code.update(data: identity)
    }
    code.update(data: given)
    return Array(code.finalize())
  }

  /// Random bytes in hexadecimal digits, so many of them.
  public static func randomHex(digits: Int) -> String {
    let bytes = SymmetricKey(size: SymmetricKeySize(bitCount: max(8, (digits + 1) / 2 * 8)))
    return bytes.withUnsafeBytes { raw in
      String(raw.map { String(Int($0) + 0x100, radix: 16).dropFirst() }.joined().prefix(max(0, digits)))
    }
  }
}
