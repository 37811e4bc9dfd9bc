import Foundation

extension CacheConfigBuilder {
  /// Takes over the settings of a file: JSON or YAML by its extension; with any other, whichever can be read.
  ///
  /// Unknown settings are warnings. The settings of `ai_config` change what is there, or the defaults.
  /// - Throws: `configuration` that names the file and what is wrong with it.
  public func fromFile(_ path: String) throws(CacheError) -> Self {
    let context: [String: CacheValue] = ["file_path": .string(path)]
    guard FileManager.default.fileExists(atPath: path) else {
      throw CacheError(.configuration, "Configuration file not found: \(path)", context: context)
    }
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw CacheError(
        .configuration,
        "Failed to load configuration from file: \(path) is not readable UTF-8; check rights and encoding",
        context: context)
    }
    let document: CacheValue
    do throws(CacheError) {
      document = try Self.parse(text, path)
    } catch {
      throw CacheError(.configuration, error.message, context: context)
    }
    guard case .object(let settings) = document else {
      throw CacheError(
        .configuration, "Failed to load configuration from file: \(path) must hold a mapping of settings",
        context: context)
    }
    var builder = self
    var reader = SettingsReader(settings)
    builder.config.apply(&reader)
    guard reader.errors.isEmpty else {
      throw CacheError(
        .configuration,
        "Failed to load configuration from file: \(reader.errors.joined(separator: "; ")) (in \(path))",
        context: context)
    }
    builder.sourceWarnings += reader.unknown.map { "\($0) is an unknown setting and is ignored (in \(path))" }
    return builder
  }

  /// Writes the settings so far: YAML if the extension says so, else JSON with an indentation of two.
  ///
  /// Only its owner may read the file, because a password may be in it.
  /// - Parameter createFolders: whether missing folders are made.
  /// - Throws: `configuration` if the file cannot be written; the one before is then untouched.
  public func save(to path: String, createFolders: Bool = true) throws(CacheError) {
    let url = URL(fileURLWithPath: path)
    let folder = url.deletingLastPathComponent()
    let unfinished = folder.appendingPathComponent(".\(url.lastPathComponent).\(UUID().uuidString)")
    do {
      if createFolders {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      }
      let text = try SettingsDocument.text(toDictionary(), as: SettingsDocument.Format(path: path) ?? .json)
      guard
        FileManager.default.createFile(
          atPath: unfinished.path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
      else { throw CocoaError(.fileWriteNoPermission) }
      guard rename(unfinished.path, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
    } catch {
      try? FileManager.default.removeItem(at: unfinished)
      throw CacheError(
        .configuration,
        "Failed to save configuration to file: \(path) cannot be written; check its folder and its rights",
        context: ["file_path": .string(path), "error": .string(error.localizedDescription)])
    }
  }

  private static func parse(_ text: String, _ path: String) throws(CacheError) -> CacheValue {
    switch SettingsDocument.Format(path: path) {
    case .json: return try SettingsDocument.json(text, "Invalid JSON in configuration file")
    case .yaml: return try SettingsDocument.yaml(text, "Invalid YAML in configuration file")
    case nil:
      // JSON is YAML too; this order gives JSON's own numbers and escapes where it is JSON.
      if let value = try? SettingsDocument.json(text, "") { return value }
      return try SettingsDocument.yaml(text, "Failed to load configuration from file")
    }
  }
}
