import SluiceCacheLayers

// `#expect` and `#require` cannot look into a span, so the tests ask with arrays.

extension CompressionCodec {
  func encode(_ value: [UInt8]) -> [UInt8]? { encode(value.span) }
  func decode(_ stored: [UInt8]) throws(CompressionError) -> [UInt8]? { try decode(stored.span) }
  static func form(of stored: [UInt8]) -> Form { form(of: stored.span) }
}

extension KeyPrefix {
  func add(to key: [UInt8]) -> [UInt8] { add(to: key.span) }
  func strip(_ stored: [UInt8]) -> [UInt8]? { strip(stored.span) }
}
