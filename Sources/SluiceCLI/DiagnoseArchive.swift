import CSluiceZlib
import Foundation

/// A `.tar.gz` that is put together in memory, so that nothing of it is ever on a disk before its secrets are gone.
struct DiagnoseArchive {
  private(set) var names: [String] = []
  private var bytes: [UInt8] = []
  private let folder: String
  private let time: Int
  private let secrets: [String]

  /// - Parameters:
  ///   - folder: the one directory in the archive, at most 40 bytes of ASCII.
  ///   - secrets: texts that are replaced by `***` in everything that is added.
  init(folder: String, at date: Date, secrets: [String]) {
    self.folder = folder
    time = max(0, Int(exactly: date.timeIntervalSince1970.rounded()) ?? 0)
    self.secrets = secrets
  }

  /// Adds a file of text, secrets removed. `name` is at most 55 bytes of ASCII.
  mutating func add(_ name: String, _ text: String) {
    let content = Array(Redaction.scrubbed(text, secrets: secrets).utf8)
    names.append(name)
    bytes += Self.header("\(folder)/\(name)", size: content.count, time: time)
    bytes += content
    bytes += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
  }

  /// The whole archive; nil if zlib has no memory.
  func compressed() -> [UInt8]? { Self.gzip(bytes + [UInt8](repeating: 0, count: 1024)) }

  /// A ustar header (POSIX.1-1988, pax(1)): a regular file that its owner alone may read.
  private static func header(_ name: String, size: Int, time: Int) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at offset: Int, width: Int) {
      for (index, byte) in text.utf8.prefix(width).enumerated() { header[offset + index] = byte }
    }
    func octal(_ number: Int, _ digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
    put(name, at: 0, width: 100)
    put(octal(0o600, 7), at: 100, width: 7)
    put(octal(0, 7), at: 108, width: 7)
    put(octal(0, 7), at: 116, width: 7)
    put(octal(size, 11), at: 124, width: 11)
    put(octal(time, 11), at: 136, width: 11)
    // The sum counts its own field as blanks.
    put("        ", at: 148, width: 8)
    put("0", at: 156, width: 1)
    put("ustar", at: 257, width: 6)
    put("00", at: 263, width: 2)
    let sum = header.reduce(0) { $0 + Int($1) }
    put(octal(sum, 6), at: 148, width: 6)
    header[154] = 0
    return header
  }

  private static func gzip(_ input: [UInt8]) -> [UInt8]? {
    var stream = z_stream()
    // 15 bits of window, and 16 for a gzip header (zlib.h).
    guard
      deflateInit2_(
        &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        Int32(MemoryLayout<z_stream>.size)) == Z_OK
    else { return nil }
    defer { deflateEnd(&stream) }
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(input.count))) + 64)
    guard let given = UInt32(exactly: input.count), let room = UInt32(exactly: output.count) else {
      return nil
    }
    var input = input
    let written: Int? = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = given
        stream.next_out = target.baseAddress
        stream.avail_out = room
        return deflate(&stream, Z_FINISH) == Z_STREAM_END ? target.count - Int(stream.avail_out) : nil
      }
    }
    return written.map { Array(output[..<$0]) }
  }
}

/// Takes secrets out of text that goes to others.
enum Redaction {
  /// `***` in the place of every secret, and of the password in everything that looks like an address with one.
  static func scrubbed(_ text: String, secrets: [String]) -> String {
    var text = text
    // The longest first: a secret may be part of another.
    for secret in secrets.sorted(by: { $0.count > $1.count }) where !secret.isEmpty {
      text = text.replacing(secret, with: "***")
    }
    return text.replacing(address) { match in
      let (scheme, credentials) = (match.output.1, match.output.2)
      let user = credentials.firstIndex(of: ":").map { credentials[..<$0] } ?? ""
      return "\(scheme)\(user.isEmpty ? "" : "\(user):")***@"
    }
  }

  /// `scheme://`, then user and password up to the last `@` before a blank, a quote or the next address: a password may hold all else.
  private nonisolated(unsafe) static let address =
    /([a-zA-Z][a-zA-Z0-9+.\-]*:\/\/)((?:(?!:\/\/)[^\s"'])+)@/
}
