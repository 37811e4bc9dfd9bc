/// What the engine keeps for one client's connection: its number and its name.
public struct MemorySession: Sendable {
  /// What `CLIENT ID` answers.
  public let id: Int64
  /// What `CLIENT SETNAME` set; empty is none.
  var name: [UInt8] = []

  public init(id: Int64) {
    self.id = id
  }
}
