import Crypto
import CryptoExtras
import Foundation

/// A salted hash by scrypt, and what it costs: 16 MiB and some 40 ms of one core with what `make` takes.
struct Scrypt: Sendable, Hashable {
  /// Binary logarithm of the rounds.
  let logRounds: Int
  let blockSize: Int
  let parallelism: Int
  let salt: [UInt8]
  let hash: [UInt8]

  /// More than this an attempt to log in may not take of the proxy.
  private static let mostMemory = 64 << 20

  static func make(_ password: [UInt8]) throws(PasswordProblem) -> Scrypt {
    // RFC 7914's own for interactive logins.
    let empty = Scrypt(
      logRounds: 14, blockSize: 8, parallelism: 1, salt: SymmetricKey(size: .bits128).bytes, hash: [])
    guard let hash = empty.derive(password, count: 32) else {
      throw PasswordProblem("cannot be hashed: there is no memory for it")
    }
    return Scrypt(
      logRounds: empty.logRounds, blockSize: empty.blockSize, parallelism: empty.parallelism,
      salt: empty.salt,
      hash: hash)
  }

  private init(logRounds: Int, blockSize: Int, parallelism: Int, salt: [UInt8], hash: [UInt8]) {
    self.logRounds = logRounds
    self.blockSize = blockSize
    self.parallelism = parallelism
    self.salt = salt
    self.hash = hash
  }

  /// `$scrypt$ln=14,r=8,p=1$salt$hash`, both in base64.
  init(parsing text: String) throws(PasswordProblem) {
    let parts = text.split(separator: "$", omittingEmptySubsequences: false)
    var numbers: [Substring: Int] = [:]
    for pair in (parts.count == 5 ? parts[2] : "").split(separator: ",") {
      let sides = pair.split(separator: "=")
      if sides.count == 2 { numbers[sides[0]] = Int(sides[1]) }
    }
    guard parts.count == 5, let logRounds = numbers["ln"], let blockSize = numbers["r"],
      let parallelism = numbers["p"], numbers.count == 3,
      let salt = Self.bytes(base64: parts[3]), let hash = Self.bytes(base64: parts[4])
    else {
      throw PasswordProblem(
        "is no whole hash by scrypt ($scrypt$ln=14,r=8,p=1$salt$hash); make one by \"sluice hash-password\"")
    }
    guard (8...20).contains(logRounds), (1...32).contains(blockSize), (1...16).contains(parallelism),
      128 * blockSize << logRounds <= Self.mostMemory, (8...64).contains(salt.count),
      (16...64).contains(hash.count)
    else {
      throw PasswordProblem(
        "costs too much or too little (ln=8 to 20, at most 64 MiB, a salt of 8 to 64 bytes, a hash of 16 to 64); "
          + "make one by \"sluice hash-password\"")
    }
    self.init(logRounds: logRounds, blockSize: blockSize, parallelism: parallelism, salt: salt, hash: hash)
  }

  var text: String {
    func base64(_ bytes: [UInt8]) -> String {
      String(Data(bytes).base64EncodedString().prefix { $0 != "=" })
    }
    return "$scrypt$ln=\(logRounds),r=\(blockSize),p=\(parallelism)$\(base64(salt))$\(base64(hash))"
  }

  func isRight(_ given: [UInt8]) -> Bool {
    guard let found = derive(given, count: hash.count) else { return false }
    return StoredPassword.isEqual(found, hash)
  }

  private func derive(_ password: [UInt8], count: Int) -> [UInt8]? {
    // BoringSSL refuses more than 32 MiB unless it is told that it may.
    try? KDF.Scrypt.deriveKey(
      from: password, salt: salt, outputByteCount: count, rounds: 1 << logRounds, blockSize: blockSize,
      parallelism: parallelism, maxMemory: Self.mostMemory + (1 << 20)
    ).bytes
  }

  /// With or without the equals signs at its end.
  private static func bytes(base64 text: Substring) -> [UInt8]? {
    let bare = text.prefix { $0 != "=" }
    let padding = String(repeating: "=", count: (4 - bare.utf8.count % 4) % 4)
    return Data(base64Encoded: bare + padding).map { Array($0) }
  }
}

extension SymmetricKey {
  fileprivate var bytes: [UInt8] { withUnsafeBytes { Array($0) } }
}
