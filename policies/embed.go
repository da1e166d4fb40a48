package policies

import (
	"embed"
	"io/fs"
)

//go:embed all:bundle
var bundleFiles embed.FS

// Embedded gives the bundle that the binary carries: the rules of the gate as they ship.
func Embedded() fs.FS {
	sub, err := fs.Sub(bundleFiles, "bundle")
	if err != nil {
		panic(err) // "bundle" is a valid path: fs.Sub fails on nothing else
	}
	return sub
}
