import Crypto
import CryptoExtras
import Foundation

/// A password as it is kept: salted and hashed by scrypt (RFC 7914) in the form that password tools share, as Redis's ACL files have
/// it (`#` and its SHA-256), or, from a file of its own, as it is.
public struct StoredPassword: Sendable, Hashable {
  private enum Kind: Sendable, Hashable {
    case scrypt(Scrypt)
    case digest([UInt8])
    case plain([UInt8])
  }

  private let kind: Kind

  /// From a file.
  public init(plain: some Sequence<UInt8>) { kind = .plain(Array(plain)) }

  /// `$scrypt$ln=14,r=8,p=1$salt$hash` as `sluice hash-password` prints it, or `#` and 64 hexadecimal digits.
  public init(parsing text: String) throws(PasswordProblem) {
    if text.hasPrefix("#") {
      guard let digest = Self.bytes(hex: text.dropFirst()), digest.count == SHA256.byteCount else {
        throw PasswordProblem(
          "begins with # and is no SHA-256 in 64 hexadecimal digits, as ACL LIST shows it")
      }
      kind = .digest(digest)
    } else if text.hasPrefix("$scrypt$") {
      kind = .scrypt(try Scrypt(parsing: text))
    } else {
      throw PasswordProblem(
        "is no hash; make one by \"sluice hash-password\", or name a file that holds the password by password_file"
      )
    }
  }

  /// A new one, salted.
  public static func make(_ password: some Sequence<UInt8>) throws(PasswordProblem) -> String {
    try Scrypt.make(Array(password)).text
  }

  /// What is kept of one that nobody can guess, for it is as long as a key: `#` and its SHA-256.
  public static func digest(of password: some Sequence<UInt8>) -> String {
    let digits = SHA256.hash(data: Array(password)).map { String(Int($0) + 0x100, radix: 16).dropFirst() }
    return "#\(digits.joined())"
  }

  /// Whether looking takes so long that a loop must not do it.
  public var isSlow: Bool { if case .scrypt = kind { true } else { false } }

  /// What tells two of them apart, and nothing else.
  public var identity: [UInt8] {
    switch kind {
    case .scrypt(let scrypt): Array(scrypt.text.utf8)
    case .digest(let digest): [0] + digest
    case .plain(let plain): [1] + plain
    }
  }

  /// Whether it is the password; takes the same time wherever the first difference is.
  public func isRight(_ given: [UInt8]) -> Bool {
    switch kind {
    case .scrypt(let scrypt): scrypt.isRight(given)
    case .digest(let digest): Self.isEqual(digest, Array(SHA256.hash(data: given)))
    // Of both the digests, so that not even the length is told.
    case .plain(let plain):
      Self.isEqual(Array(SHA256.hash(data: plain)), Array(SHA256.hash(data: given)))
    }
  }

  static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  private static func bytes(hex: Substring) -> [UInt8]? {
    let digits = Array(hex)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = digits[index].hexDigitValue, let low = digits[index + 1].hexDigitValue else {
        return nil
      }
      bytes.append(UInt8(high * 16 + low))
    }
    return bytes
  }
}

extension StoredPassword: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "***" }
  public var debugDescription: String { "***" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why a password cannot be kept so, as one sentence that never quotes it.
public struct PasswordProblem: Error, Hashable, Sendable, CustomStringConvertible {
  public let reason: String

  init(_ reason: String) { self.reason = reason }

  public var description: String { reason }
}
