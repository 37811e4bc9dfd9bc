import SluiceRedisClient

ProcessArguments.hidePasswords()
SluiceBench.main()
