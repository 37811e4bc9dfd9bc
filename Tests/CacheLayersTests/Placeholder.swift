import Testing

@testable import CacheLayers
