// Command hello is the least that a plugin can be: it says its line, and answers each connection with a word.
package main

import (
	"fmt"
	"net"
	"os"
)

func main() {
	path := os.Getenv("PLUGIN_UNIX_SOCKET_DIR") + "/hello"
	l, err := net.Listen("unix", path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	fmt.Printf("1|1|unix|%s|grpc|\n", path)
	for {
		c, err := l.Accept()
		if err != nil {
			os.Exit(4)
		}
		fmt.Fprintf(c, "hello from %d of %d\n", os.Getpid(), os.Getuid())
		c.Close()
	}
}
