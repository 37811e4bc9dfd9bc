import Testing

/// All that is tested with real servers, real clients and the real binary.
///
/// One test at a time: each starts three or more processes, and waits that are asserted mean little on a machine
/// that is busy with another test.
@Suite(.serialized) enum Acceptance {}
