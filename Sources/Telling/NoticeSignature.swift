import Crypto
import Foundation

/// Proof that a message is ours and of now: HMAC-SHA256 over the time of sending, a point and the body.
public enum NoticeSignature {
  /// The header's name.
  public static let header = "X-Sluice-Signature"

  /// `t=1790000000,v1=…`: seconds since 1970, and the code in hexadecimal digits.
  public static func value(_ body: [UInt8], secret: [UInt8], at seconds: Int64) -> String {
    var code = HMAC<SHA256>(key: SymmetricKey(data: secret))
    code.update(data: Array("\(seconds).".utf8))
    code.update(data: body)
    let digits = code.finalize().map { byte in
      let text = String(byte, radix: 16)
      return text.count < 2 ? "0" + text : text
    }
    return "t=\(seconds),v1=\(digits.joined())"
  }
}
