//go:build linux && !amd64

package cage

func native() []attempt { return nil }
