SluiceBench.main()
