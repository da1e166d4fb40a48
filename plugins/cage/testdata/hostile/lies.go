package main

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// lies are told instead of the handshake.
var lies = map[string]func([]string){
	"ends":   func([]string) { os.Exit(7) },
	"silent": func([]string) { time.Sleep(time.Hour) },
	// line says a line of its own; %20 stands for a blank, FOLDER for the socket's folder.
	"line": func(args []string) {
		listen("socket")
		fmt.Println(strings.NewReplacer("%20", " ", "FOLDER", folder).Replace(args[0]))
		time.Sleep(time.Hour)
	},
	"endless": func([]string) {
		for {
			if _, err := os.Stdout.WriteString(strings.Repeat("1|1|unix|", 1000)); err != nil {
				os.Exit(8)
			}
		}
	},
	// link announces a symbolic link to somebody else's socket.
	"link": func(args []string) {
		if err := unix.Symlinkat(args[0], unix.AT_FDCWD, folder+"/socket"); err != nil {
			say(os.Stderr, "symlink", err)
		}
		fmt.Printf("1|1|unix|%s/socket|grpc|\n", folder)
		time.Sleep(time.Hour)
	},
	// inner announces a symbolic link to somebody else's socket, in a folder that it has made.
	"inner": func(args []string) {
		if err := unix.Mkdir(folder+"/a", 0o700); err != nil {
			say(os.Stderr, "mkdir", err)
		}
		if err := unix.Symlinkat(args[0], unix.AT_FDCWD, folder+"/a/socket"); err != nil {
			say(os.Stderr, "symlink", err)
		}
		fmt.Printf("1|1|unix|%s/a/socket|grpc|\n", folder)
		time.Sleep(time.Hour)
	},
	// file announces a file that is no socket.
	"file": func([]string) {
		fd, _ := unix.Open(folder+"/socket", unix.O_CREAT|unix.O_WRONLY, 0o600)
		unix.Close(fd)
		fmt.Printf("1|1|unix|%s/socket|grpc|\n", folder)
		time.Sleep(time.Hour)
	},
	// talks goes on writing after its line, and answers whoever connects what became of that.
	"talks": func([]string) {
		l := listen("socket")
		fmt.Printf("1|1|unix|%s/socket|grpc|\n", folder)
		c, err := l.Accept()
		if err != nil {
			os.Exit(9)
		}
		ignoreSignals()
		for range 100 { // a process that the host forks has every pipe open until it executes
			if _, err = unix.Write(1, []byte("more\n")); err != nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		say(c, "more", err)
		c.(*net.UnixConn).Close()
		time.Sleep(time.Hour)
	},
	// complains floods its standard error.
	"complains": func([]string) {
		l := listen("socket")
		ignoreSignals()
		line := []byte(strings.Repeat("x", 4096))
		for range 4096 {
			if _, err := unix.Write(2, line); err != nil {
				break
			}
		}
		fmt.Printf("1|1|unix|%s/socket|grpc|\n", folder)
		for {
			c, err := l.Accept()
			if err != nil {
				os.Exit(9)
			}
			fmt.Fprint(c, "complained")
			c.Close()
		}
	},
}
