/// What is wrong with TLS settings or their files, as a sentence or the rest of one: what, where, and what to do.
public struct TLSFault: Error, Sendable, Hashable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
