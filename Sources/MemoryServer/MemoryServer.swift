// MemoryServer
