//go:build !linux

package main_test

import "syscall"

func withParent() *syscall.SysProcAttr { return nil }
