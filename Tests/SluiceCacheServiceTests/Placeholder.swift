import Testing

@testable import SluiceCacheService
