import Glibc

/// Whoever started this process and wants to know how it is: systemd, by the datagrams of sd_notify(3).
///
/// Nobody is told where `NOTIFY_SOCKET` names none. What cannot be sent is dropped: it is their loss, and no reason to stop serving.
struct Supervisor: Sendable {
  private let path: [UInt8]
  /// How often it wants to hear that all is well; nil where it does not ask.
  let patience: Duration?

  /// - Parameter process: only the process that `WATCHDOG_PID` names is watched, where it names one.
  init?(environment: [String: String], process: Int32 = getpid()) {
    guard var path = environment["NOTIFY_SOCKET"].map({ Array($0.utf8) }), let first = path.first,
      path.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path)
    else { return nil }
    // An abstract socket, which is in no folder, is written with an @ for its zero byte.
    if first == UInt8(ascii: "@") { path[0] = 0 } else if first != UInt8(ascii: "/") { return nil }
    self.path = path
    let isMeant = environment["WATCHDOG_PID"].map { Int32($0) == process } ?? true
    let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
    patience = isMeant && microseconds > 0 ? .microseconds(microseconds) : nil
  }

  /// Clients are served.
  func ready(_ status: String) { tell("READY=1\nSTATUS=\(Self.line(status))") }

  /// It drains, and will end by itself.
  func stopping() { tell("STOPPING=1\nSTATUS=draining") }

  /// Says that all is well, twice in the time that is waited, as long as `isWell` answers yes within a second: who stands still says nothing, and is
  /// started again. Returns when the task is cancelled, or at once where nobody asks.
  func watch(isWell: @escaping @Sendable () async -> Bool) async {
    guard let patience else { return }
    while !Task.isCancelled {
      if await Deadline.within(.seconds(1), isWell) == true { tell("WATCHDOG=1") }
      try? await ContinuousClock().sleep(for: patience / 2)
    }
  }

  private static func line(_ text: String) -> String {
    String(text.unicodeScalars.map { $0.value < 32 ? " " : Character($0) })
  }

  private func tell(_ words: String) {
    let link = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard link >= 0 else { return }
    defer { close(link) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { room in
      // `init` has seen that it fits, with a zero behind it.
      room.copyBytes(from: path)
    }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
        _ = Array(words.utf8).withUnsafeBytes {
          sendto(
            link, $0.baseAddress, $0.count, Int32(truncatingIfNeeded: MSG_NOSIGNAL | MSG_DONTWAIT), name,
            length)
        }
      }
    }
  }
}
