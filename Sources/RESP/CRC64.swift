/// CRC-64 by Jones, reflected, as `crc64.c` of Redis computes it.
enum CRC64 {
  private static let table: [UInt64] = (0..<256).map { byte in
    (0..<8).reduce(UInt64(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x95AC_9329_AC4B_C9B5 : sum >> 1 }
  }

  /// - Parameter sum: that of the bytes before these.
  static func of(_ bytes: Span<UInt8>, behind sum: UInt64 = 0) -> UInt64 {
    table.withUnsafeBufferPointer { table in
      bytes.withUnsafeBufferPointer { bytes in
        // A byte is an index below 256, which the table has.
        bytes.reduce(sum) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
      }
    }
  }
}
