package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/pontlevis/pontlevis/record/generate"
)

// reader is the professional of the demo's cast who is put into everybody's circle, and reads.
const reader = "dr-benali"

type config struct {
	binary, folder    string
	patients          int
	resources, bytes  int
	requests, clients int
	cold              bool
}

func main() {
	var c config
	flag.StringVar(&c.binary, "binary", "bin/pontlevis", "the program")
	flag.StringVar(&c.folder, "folder", "", "where records and stores are kept between runs; a store of a million takes 15 GB, and as much for its copy")
	flag.IntVar(&c.patients, "patients", 1000, "how many")
	flag.IntVar(&c.resources, "resources", 8, "mean resources of a patient")
	flag.IntVar(&c.bytes, "bytes", 300, "mean bytes of a document")
	flag.IntVar(&c.requests, "requests", 1000, "requests of each kind, each about another random patient")
	flag.IntVar(&c.clients, "clients", 16, "clients at once, where there are several")
	flag.BoolVar(&c.cold, "cold", false, "have the system forget the store's pages before the server starts")
	flag.Parse()
	if err := c.run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// loaded is what loading cost; it is kept beside the store.
type loaded struct {
	Resources int
	Bytes     int64   // of the store's file
	Wall, CPU float64 // seconds
}

func (c *config) run() error {
	if c.folder == "" {
		return errors.New("say where to work: -folder FOLDER")
	}
	nation, err := generate.New(generate.Options{
		Patients: c.patients, Seed: 1, Resources: c.resources, Bytes: c.bytes, Members: []string{"Practitioner/" + reader},
	})
	if err != nil {
		return err
	}
	data := filepath.Join(c.folder, fmt.Sprintf("d%d", c.patients))
	l, err := c.load(data)
	if err != nil {
		return err
	}
	s, err := c.start(data)
	if err != nil {
		return err
	}
	defer s.stop()
	m, err := c.measure(s, nation)
	if err != nil {
		return err
	}
	print(c, l, s, m)
	return nil
}

// load generates and imports what is not there yet.
func (c *config) load(data string) (l loaded, err error) {
	told := data + ".json"
	if b, err := os.ReadFile(told); err == nil {
		return l, json.Unmarshal(b, &l)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return l, err
	}
	files := filepath.Join(c.folder, fmt.Sprintf("g%d", c.patients))
	if err := c.call("record", "generate", "--patients", fmt.Sprint(c.patients), "--resources-per-patient", fmt.Sprint(c.resources),
		"--document-bytes", fmt.Sprint(c.bytes), "--member", "Practitioner/"+reader, "--out", files); err != nil {
		return l, err
	}
	defer os.RemoveAll(files)
	began := time.Now()
	p := exec.Command(c.binary, "record", "import", "--data", data, "--spaces", filepath.Join(files, "spaces.csv"), files)
	p.Stdout, p.Stderr = os.Stderr, os.Stderr
	if err := p.Run(); err != nil {
		return l, err
	}
	l.Wall = time.Since(began).Seconds()
	l.CPU = (p.ProcessState.UserTime() + p.ProcessState.SystemTime()).Seconds()
	return l, l.keep(told, data)
}

func (l *loaded) keep(path, data string) error {
	info, err := os.Stat(filepath.Join(data, "state.db"))
	if err != nil {
		return err
	}
	l.Bytes = info.Size()
	b, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o600)
}

func (c *config) call(args ...string) error {
	p := exec.Command(c.binary, args...)
	p.Stdout, p.Stderr = os.Stderr, os.Stderr
	return p.Run()
}

// forget has the system drop the pages of a file from its cache.
func forget(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	const dontNeed = 4 // POSIX_FADV_DONTNEED
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		return errors.New("-cold is known on 64-bit Linux alone")
	}
	if _, _, e := syscall.Syscall6(fadvise, f.Fd(), 0, 0, dontNeed, 0, 0); e != 0 {
		return e
	}
	return nil
}

func print(c *config, l loaded, s *server, m measured) {
	fmt.Printf("patients %d | file %.2f GB, %.1f KB a patient | loaded in %.0f s, %.0f s CPU\n",
		c.patients, float64(l.Bytes)/1e9, float64(l.Bytes)/1e3/float64(c.patients), l.Wall, l.CPU)
	fmt.Printf("ready in %.2f s (%.2f MB read from disk) | own memory after start %d MB, after load %d MB, under backup %d MB | of the file in memory %d MB\n",
		s.readyIn.Seconds(), float64(s.readAtStart)/1e6, s.ownAtStart, m.ownAfter, m.ownBackup, m.fileAfter)
	for _, k := range m.kinds {
		fmt.Println(k)
	}
	fmt.Printf("backup of %.2f GB in %.1f s\n", float64(m.backupBytes)/1e9, m.backupSeconds)
}
