import Glibc

/// The sockets of one thread, for `poll(2)`: with some fifty of them it costs what `epoll` costs, and Glibc's
/// module has it.
struct Poller {
  private var entries: [pollfd] = []

  /// Adds a socket and returns its index; indices stay what they are.
  mutating func add(_ socket: Int32) -> Int {
    entries.append(pollfd(fd: socket, events: Int16(POLLIN), revents: 0))
    return entries.count - 1
  }

  /// Whether to wait for room to write, too.
  mutating func setWaitsForRoom(_ index: Int, _ wanted: Bool) {
    entries[index].events = Int16(wanted ? POLLIN | POLLOUT : POLLIN)
  }

  /// Forgets the socket; its index is not given to another one.
  mutating func remove(_ index: Int) {
    // The kernel passes over negative descriptors.
    entries[index].fd = -1
  }

  /// Waits up to `milliseconds`; puts the indices of the sockets that are ready (or broken) into `ready`.
  mutating func wait(milliseconds: Int32, ready: inout [Int]) {
    ready.removeAll(keepingCapacity: true)
    guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return }
    for index in entries.indices where entries[index].revents != 0 { ready.append(index) }
  }
}
