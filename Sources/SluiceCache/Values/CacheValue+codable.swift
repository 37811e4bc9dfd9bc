import Foundation

extension CacheValue {
  /// What a value of a service's own type is as JSON. Dates are seconds since 1970, bytes are base64.
  ///
  /// - Throws: `validation` for what JSON cannot say, such as a number that is none.
  public init(encoding value: some Encodable) throws(CacheError) {
    if let value = value as? CacheValue {
      self = value
      return
    }
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .secondsSince1970
    let data: Data
    do { data = try encoder.encode(value) } catch {
      throw CacheError(
        .validation, "a value of type \(type(of: value)) cannot be written as JSON: \(Self.words(error))",
        context: ["type": .string("\(type(of: value))")])
    }
    self = try CacheValue(jsonBytes: data)
  }

  /// The value as a service's own type.
  ///
  /// - Throws: `validation` where it is none, with the place.
  public func decoded<Value: Decodable>(as type: Value.Type) throws(CacheError) -> Value {
    if let value = self as? Value { return value }
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .secondsSince1970
    do { return try decoder.decode(type, from: Data(jsonBytes)) } catch {
      throw CacheError(
        .validation, "what is stored is no \(type): \(Self.words(error)); remove it, or read it as it is",
        context: ["type": .string("\(type)")])
    }
  }

  private static func words(_ error: any Error) -> String {
    func place(_ context: DecodingError.Context) -> String {
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
    }
    switch error {
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
      DecodingError.keyNotFound(_, let context), DecodingError.dataCorrupted(let context):
      return place(context)
    case EncodingError.invalidValue(_, let context):
      return context.debugDescription
    default: return "\(error)"
    }
  }
}
