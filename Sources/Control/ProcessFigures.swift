import Foundation
import SluiceAdmin

#if canImport(Glibc)
  import Glibc
#endif

/// What the system says of this process, by the names that every Prometheus client uses.
enum ProcessFigures {
  static func families() -> [MetricFamily] {
    var families: [MetricFamily] = []
    let stat = (try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8)) ?? ""
    // Behind the name, which may have anything in it: state is the first field.
    let fields = stat.lastIndex(of: ")").map { stat[$0...].dropFirst().split(separator: " ") } ?? []
    func field(_ place: Int) -> Double? { fields.indices.contains(place) ? Double(fields[place]) : nil }
    let ticks = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    if let user = field(11), let system = field(12) {
      var family = MetricFamily(
        "process_cpu_seconds", .counter, "CPU time of the process, in user and system.")
      family.add((user + system) / ticks)
      families.append(family)
    }
    if let pages = field(21) {
      families.append(
        .gauge(
          "process_resident_memory_bytes", "Memory of the process that is in RAM.",
          pages * Double(max(1, sysconf(Int32(_SC_PAGESIZE))))))
    }
    families.append(.gauge("process_virtual_memory_bytes", "Virtual memory of the process.", field(20)))
    if let began = field(19), let boot = bootTime {
      families.append(
        .gauge("process_start_time_seconds", "When the process began, since 1970.", boot + began / ticks))
    }
    if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
      families.append(.gauge("process_open_fds", "Open files.", Double(open)))
    }
    var limits = rlimit()
    if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits) == 0 {
      families.append(.gauge("process_max_fds", "Files that may be open.", Double(limits.rlim_cur)))
    }
    return families
  }

  private static let bootTime: Double? = {
    let stat = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
    return stat.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
  }()
}
