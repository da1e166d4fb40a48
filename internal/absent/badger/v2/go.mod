module github.com/dgraph-io/badger/v2

go 1.26
