import Glibc

/// Sleeps until something happens in a directory, somebody rings, or the time is up.
///
/// Where inotify is not to be had (its limits are per user) only time and bell are left, which is why every
/// wait has an end.
final class DirectoryAlarm: Sendable {
  private let inotify: Int32
  private let bellOut: Int32
  private let bellIn: Int32

  // Not IN_MODIFY: a database in the same directory would wake us at each write; closing the flag file is
  // reported too.
  private static let mask = UInt32(
    IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | IN_DELETE_SELF
      | IN_MOVE_SELF)

  init() {
    inotify = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    var ends: [Int32] = [-1, -1]
    pipe(&ends)
    for descriptor in ends where descriptor >= 0 {
      _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }
    bellOut = ends[0]
    bellIn = ends[1]
  }

  deinit {
    for descriptor in [inotify, bellOut, bellIn] where descriptor >= 0 { close(descriptor) }
  }

  /// Watches the directory. To be called again before every wait: it changes nothing while the directory is
  /// the same, and finds the new one when it was removed and made again.
  func watch(_ directory: String) {
    guard inotify >= 0 else { return }
    inotify_add_watch(inotify, directory, DirectoryAlarm.mask)
  }

  /// Ends the current wait, or the next.
  func ring() {
    var byte: UInt8 = 0
    // A full pipe rings as well.
    _ = write(bellIn, &byte, 1)
  }

  func wait(milliseconds: UInt64) {
    // poll(2) passes over negative descriptors.
    var descriptors = [
      pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
      pollfd(fd: bellOut, events: Int16(POLLIN), revents: 0),
    ]
    poll(&descriptors, 2, Int32(clamping: milliseconds))
    drain(inotify)
    drain(bellOut)
  }

  /// What happened is of no interest: the files are looked at anyway.
  private func drain(_ descriptor: Int32) {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while descriptor >= 0, read(descriptor, &buffer, buffer.count) > 0 {}
  }
}
