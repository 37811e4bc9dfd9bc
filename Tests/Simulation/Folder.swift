#if canImport(Glibc)
  import Glibc
#endif

/// A new folder in memory where there is one, else among the temporary files.
func newFolder() -> String? {
  for parent in ["/dev/shm", "/tmp"] {
    var template = Array("\(parent)/sluice-simulation-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    if let made { return made }
  }
  return nil
}

func copyFile(_ from: String, _ to: String) {
  let source = open(from, O_RDONLY)
  guard source >= 0 else { return }
  defer { close(source) }
  let target = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  guard target >= 0 else { return }
  defer { close(target) }
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(source, &buffer, buffer.count)
    guard count > 0 else { return }
    var written = 0
    while written < count {
      let some = buffer[written..<count].withUnsafeBytes { write(target, $0.baseAddress, $0.count) }
      guard some > 0 else { return }
      written += some
    }
  }
}

func removeFolder(_ path: String) {
  if let names = opendir(path) {
    while let entry = readdir(names) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { unlink("\(path)/\(name)") }
    }
    closedir(names)
  }
  rmdir(path)
}
