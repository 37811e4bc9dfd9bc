import Foundation

/// A file whose first line is a password.
public enum PasswordFile {
  /// The password with the path of its file, for who reads it again.
  static func named(_ path: String) throws(ValueError) -> (path: String, password: Secret) {
    (path, try read(path))
  }

  /// Reads the password: the first line without its line end.
  /// - Throws: `ValueError` if the file cannot be read, is larger than 4 KiB, is no UTF-8 or starts with an
  ///   empty line.
  public static func read(_ path: String) throws(ValueError) -> Secret {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw ValueError("the file \"\(path)\" cannot be opened; check the path and its permissions")
    }
    defer { try? handle.close() }
    let data: Data
    do {
      data = try handle.read(upToCount: 4097) ?? Data()
    } catch {
      throw ValueError("the file \"\(path)\" cannot be read; check that it is a file and its permissions")
    }
    guard data.count <= 4096, let text = String(data: data, encoding: .utf8) else {
      throw ValueError("the file \"\(path)\" is no password file; put the password alone on its first line")
    }
    let line = text.prefix { !$0.isNewline }
    guard !line.isEmpty else {
      throw ValueError("the first line of \"\(path)\" is empty; put the password there")
    }
    return Secret(String(line))
  }
}
