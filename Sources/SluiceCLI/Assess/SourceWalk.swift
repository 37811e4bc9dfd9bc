import Foundation
import SluiceAssessment

/// Reads the Python and Swift files of a tree: no links are followed, and neither size nor time is without a bound.
enum SourceWalk {
  static func findings(_ folder: String) throws(Failure) -> SourceFindings {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw Failure(
        .noInput, "--source: there is no folder \"\(Output.printable(folder))\"; name the root of the sources"
      )
    }
    let root = URL(fileURLWithPath: folder, isDirectory: true)
    guard
      let walk = FileManager.default.enumerator(
        at: root, includingPropertiesForKeys: [.isRegularFileKey, .isSymbolicLinkKey, .fileSizeKey],
        options: [.skipsHiddenFiles], errorHandler: { _, _ in true })
    else {
      throw Failure(
        .noInput, "--source: \"\(Output.printable(folder))\" cannot be read; check its permissions")
    }
    var findings = SourceFindings()
    let end = ContinuousClock.now + .seconds(15)
    var looked = 0
    for case let file as URL in walk {
      looked += 1
      if findings.files >= fileLimit || looked > entryLimit || ContinuousClock.now > end {
        findings.isCut = true
        break
      }
      if skipped.contains(file.lastPathComponent) {
        walk.skipDescendants()
        continue
      }
      let language: SourceFindings.Language
      switch file.pathExtension {
      case "py": language = .python
      case "swift": language = .swift
      default: continue
      }
      let facts = try? file.resourceValues(forKeys: [.isRegularFileKey, .isSymbolicLinkKey, .fileSizeKey])
      guard facts?.isRegularFile == true, facts?.isSymbolicLink != true else { continue }
      guard let size = facts?.fileSize, size <= byteLimit else {
        findings.isCut = true
        continue
      }
      guard let data = try? Data(contentsOf: file) else { continue }
      findings.add(String(decoding: data, as: UTF8.self), name(of: file, under: root), language)
    }
    return findings
  }

  private static func name(of file: URL, under root: URL) -> String {
    let (path, base) = (file.standardizedFileURL.path, root.standardizedFileURL.path)
    let prefix = base.hasSuffix("/") ? base : base + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : file.lastPathComponent
  }

  private static let skipped: Set<String> = [
    "node_modules", "venv", "__pycache__", "site-packages", "build", "dist",
  ]
  private static let fileLimit = 20_000
  private static let entryLimit = 500_000
  private static let byteLimit = 2 << 20
}
