// MemoryEngine
