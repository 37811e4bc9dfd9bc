import Glibc

/// The file operations of this target: whole files in, whole files out.
enum FileAccess {
  /// A flag file or a latch is small; more than this is a mistake.
  static let maximumSize = 1 << 20

  /// The bytes of a regular file.
  ///
  /// - Throws: code `unreadable`.
  static func read(_ path: String) throws(FlagError) -> [UInt8] {
    // Non-blocking, so that a pipe in the file's place cannot hold the reader.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw FlagError(
        .unreadable, "\(path) cannot be read: \(message(errno)); see to it that it exists and is readable")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw FlagError(.unreadable, "\(path) is not a regular file; put the flag file there")
    }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while bytes.count <= maximumSize {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw FlagError(.unreadable, "\(path) cannot be read: \(message(errno)); check the disk")
      }
      bytes += buffer[..<count]
    }
    throw FlagError(.unreadable, "\(path) is larger than \(maximumSize) bytes; a flag file is a few thousand")
  }

  /// Puts `bytes` in the place of the file at `path`: all of them or none, also when the machine stops
  /// meanwhile.
  ///
  /// A temporary file beside it, fsync, rename, fsync of the directory. Mode and owner of an existing file
  /// stay; a symlink stays and its target is replaced.
  ///
  /// - Throws: code `unwritable`.
  static func replace(_ path: String, with bytes: [UInt8]) throws(FlagError) {
    let target = resolved(path)
    let temporary = "\(directory(of: target))/.\(name(of: target)).\(getpid()).tmp"
    func failed(_ action: String, _ code: Int32) -> FlagError {
      unlink(temporary)
      return FlagError(
        .unwritable, "\(target) cannot be \(action): \(message(code)); check space and permissions")
    }
    // Left over from a process of the same number that was killed; O_EXCL below keeps symlinks out.
    unlink(temporary)
    var old = stat()
    let exists = stat(target, &old) == 0
    let descriptor = open(
      temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, exists ? old.st_mode & 0o7777 : 0o644)
    guard descriptor >= 0 else { throw failed("written", errno) }
    if exists {
      // The owner can only be kept by root, and need not be; the mode must be what it was whatever the umask.
      _ = fchown(descriptor, old.st_uid, old.st_gid)
      _ = fchmod(descriptor, old.st_mode & 0o7777)
    }
    var written = 0
    while written < bytes.count {
      let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let code = errno
        close(descriptor)
        throw failed("written", code)
      }
      written += count
    }
    guard fsync(descriptor) == 0 else {
      let code = errno
      close(descriptor)
      throw failed("written", code)
    }
    close(descriptor)
    guard rename(temporary, target) == 0 else { throw failed("replaced", errno) }
    syncDirectory(directory(of: target))
  }

  /// Makes a rename or a removal in the directory last. A file system that cannot do it has no more to give.
  static func syncDirectory(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The names in a directory, sorted.
  ///
  /// - Throws: code `unreadable`.
  static func names(in path: String) throws(FlagError) -> [String] {
    guard let stream = opendir(path) else {
      throw FlagError(
        .unreadable, "\(path) cannot be listed: \(message(errno)); see to it that it is readable")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      // The entry is the stream's until the next call; the name is copied at once.
      names.append(
        withUnsafePointer(to: &entry.pointee.d_name) { field in
          field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        })
    }
    return names.sorted()
  }

  static func directory(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  static func message(_ code: Int32) -> String { String(cString: strerror(code)) }

  private static func name(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
  }

  /// The path with its symlinks followed, or as it is when nothing is there.
  private static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }
}
