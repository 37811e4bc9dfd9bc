// The words of `RoutedCache` that other modules of this package define: who imports `SluiceRoutedCache` can
// name them, and call their members, without a module that no product offers. Only these: the rest of those
// modules is nobody's business.
@_exported import struct SluiceFlags.Percentage
@_exported import struct SluiceFlags.Rollback
@_exported import struct SluiceRouting.Explanation
@_exported import enum SluiceRouting.StackID
@_exported import enum SluiceRouting.Stage
