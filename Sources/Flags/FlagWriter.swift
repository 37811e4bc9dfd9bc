import SluiceRouting

/// Writes what operators ask for into the flag file, so that the file and what is in force agree.
public struct FlagWriter: Sendable {
  private let file: FlagFile

  public init(file: FlagFile) {
    self.file = file
  }

  /// Works out an edit of the file as it is now, and writes nothing.
  ///
  /// - Throws: see `FlagChange`; also when the file cannot be read.
  public func prepare(stage: Stage?, percentage: Percentage?) throws(FlagError) -> FlagChange {
    try FlagChange(editing: try file.read(), stage: stage, percentage: percentage)
  }

  /// Puts a whole file in its place: all of it or nothing.
  ///
  /// - Throws: `unwritable`; also when it is named by a directory that holds none.
  public func put(_ bytes: [UInt8]) throws(FlagError) {
    try FileAccess.replace(try file.resolve(), with: bytes)
  }

  /// Puts the change in the place of the file: all of it or nothing.
  ///
  /// - Throws: `conflict` when the file is not the one that was edited any more; `unwritable`.
  public func commit(_ change: FlagChange) throws(FlagError) {
    let current = FlagDefinition.digest(of: try file.read())
    if current == change.definition.version { return }
    guard current == change.base else {
      throw FlagError(.conflict, "the flag file changed meanwhile; look at it and repeat the command")
    }
    try FileAccess.replace(try file.resolve(), with: change.bytes)
  }
}
