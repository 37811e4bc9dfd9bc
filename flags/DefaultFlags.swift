/// The flag definitions that a proxy starts with when it is given no file: `sluice.flagd.json` of this folder,
/// compiled into the binary.
public enum DefaultFlags {
  /// The bytes of the flagd definition file.
  public static var definition: [UInt8] { PackageResources.sluice_flagd_json }
}
