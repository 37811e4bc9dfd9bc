import SluiceAdminDoor
import SluiceConfiguration

#if canImport(Glibc)
  import Glibc
#endif

/// How many files the system lets this process open, and how many clients that leaves room for.
///
/// Some are kept back for what is no client: stacks, control, ledger, journal, latch and flags. So with every client's slot taken
/// a rollback still finds its way in.
struct OpenFiles: Sendable {
  /// In force.
  let limit: Int
  let maxClients: Int
  /// Why fewer clients are let in than the configuration says; nil if all are.
  let shortage: String?

  /// Raises the soft limit of this process as far as the clients need it, and fits them to what there is.
  ///
  /// - Throws: `ServeError` where not even what is kept back is there.
  static func prepare(_ configuration: ServeConfiguration) throws(ServeError) -> OpenFiles {
    let reserve = reserve(for: configuration)
    let wanted = configuration.limits.maxClients
    var limits = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 else {
      return OpenFiles(limit: 0, maxClients: wanted, shortage: nil)
    }
    let needed = rlim_t(wanted + reserve)
    if limits.rlim_cur < needed {
      limits.rlim_cur = min(needed, limits.rlim_max)
      // What cannot be raised is lived with.
      _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
      _ = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
    }
    let limit = Int(clamping: limits.rlim_cur)
    return try fit(wanted, into: limit, reserve: reserve)
  }

  static func fit(_ wanted: Int, into limit: Int, reserve: Int) throws(ServeError) -> OpenFiles {
    guard limit < wanted + reserve else { return OpenFiles(limit: limit, maxClients: wanted, shortage: nil) }
    guard limit > reserve else { throw ServeError.tooFewFiles(limit: limit, needed: reserve + 1) }
    return OpenFiles(
      limit: limit, maxClients: limit - reserve,
      shortage:
        "limits.max_clients is \(wanted), which needs \(wanted + reserve) open files, and the system allows \(limit): "
        + "\(limit - reserve) clients are let in; raise \"ulimit -n\" (LimitNOFILE= of a systemd unit) for more"
    )
  }

  /// For each loop its own descriptors and two stacks with their successors, for layers as many again, and what there is once:
  /// doors, control connections, ledger and its readers, journal, flags, name look-ups, clients that are just turned away.
  static func reserve(for configuration: ServeConfiguration) -> Int {
    let layered = [configuration.stacks.legacy, configuration.stacks.new].count { !$0.layers.isPlain }
    let admin = configuration.admin.listen.isEmpty ? 0 : AdminDoor.mostViewers + AdminDoor.mostOthers + 8
    return 64 + ControlSessions.most + admin + configuration.threads * (16 + 8 * layered)
  }
}
