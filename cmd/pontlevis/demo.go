package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/record/importer"
)

// demoFlags are the flags of the demo contract (design.md §9).
type demoFlags struct {
	listen, data, config string
	imports              []string
	rehearsal            string // address at which apps rehearse
}

func demoCommand() *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo [flags]",
		Short: "Runs everything on one loopback address, with an invented cast",
		Long: "Starts the authorization server, the gate and an embedded record store on one loopback address over plain HTTP,\n" +
			"with people, apps and records that are all made up. It prints what to open, and writes demo.json into the data\n" +
			"folder: who there is and how to sign in. It stops on an interrupt.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c.OutOrStdout()) },
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8700", "address to listen on; it must be a loopback address (port 0: any that is free)")
	c.Flags().StringVar(&f.data, "data", "", "folder of all state, made if missing (default: a fresh temporary folder)")
	c.Flags().StringArrayVar(&f.imports, "import", nil, "FHIR file or folder to load first: Bundle, NDJSON, either gzipped; repeatable")
	c.Flags().StringVar(&f.config, "config", "", "a Caddyfile to run instead of the built-in one; {$PONTLEVIS_LISTEN}, {$PONTLEVIS_DATA},\n{$PONTLEVIS_ADMIN} and {$PONTLEVIS_REHEARSAL} stand for what the other flags say")
	return c
}

func (f *demoFlags) run(out io.Writer) error {
	host, port, err := net.SplitHostPort(f.listen)
	if err != nil {
		return fmt.Errorf("--listen %q must be HOST:PORT, such as 127.0.0.1:8700", f.listen)
	}
	if port == "0" { // named before anything listens: the addresses of the demo are part of its configuration
		if f.listen, err = freeAddress(host); err != nil {
			return fmt.Errorf("--listen %s:0: %w", host, err)
		}
		_, port, _ = net.SplitHostPort(f.listen)
	}
	if !free(f.listen) { // Caddy shares its ports with other processes, for reloads: two demos would answer in turn
		return fmt.Errorf("--listen %s: address already in use: stop what listens there, or name another port", f.listen)
	}
	if f.data == "" {
		if f.data, err = os.MkdirTemp("", "pontlevis-demo-"); err != nil {
			return err
		}
	}
	if f.data, err = filepath.Abs(f.data); err != nil {
		return err
	}
	admin, err := f.address(host, port, 1)
	if err != nil {
		return err
	}
	if f.rehearsal, err = f.rehearsalAddress(host, port); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(f.data, adminFile), []byte(admin+"\n"), 0o600); err != nil {
		return fmt.Errorf("--data: %w", err)
	}
	for name, value := range map[string]string{
		"PONTLEVIS_LISTEN": f.listen, "PONTLEVIS_DATA": f.data, "PONTLEVIS_ADMIN": admin, "PONTLEVIS_REHEARSAL": f.rehearsal,
	} {
		if err := os.Setenv(name, value); err != nil { // for {$PONTLEVIS_DATA} and the like in a Caddyfile of one's own
			return err
		}
	}
	config, err := f.adapt(host, port, admin)
	if err != nil {
		return err
	}
	showImports()
	if err := caddy.Load(config, false); err != nil {
		return fmt.Errorf("starting the demo: %w", err)
	}
	app, end, err := serveGlycare(host, port, "http://"+f.listen+"/fhir")
	if err != nil {
		return fmt.Errorf("starting glycare: %w", err)
	}
	defer end()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM) // first: whoever reads that it is ready may end it at once
	f.welcome(out, "http://"+f.listen, admin, app)
	<-stop
	return caddy.Stop()
}

// address gives Caddy's admin endpoint, with the metrics, the port after the demo's, and the rehearsal the one after
// that; or any free one.
func (f *demoFlags) address(host, port string, after int) (string, error) {
	if n, err := strconv.Atoi(port); err == nil && n > 0 && n+after <= 65535 {
		if address := net.JoinHostPort(host, strconv.Itoa(n+after)); free(address) {
			return address, nil
		}
	}
	address, err := freeAddress(host)
	if err != nil {
		return "", fmt.Errorf("--listen %s: %w", f.listen, err)
	}
	return address, nil
}

// freeAddress is an address of a host on which nothing listens.
func freeAddress(host string) (string, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// rehearsalAddress is where apps rehearse; it stays the same while it is free, for it is in what clients were told.
func (f *demoFlags) rehearsalAddress(host, port string) (string, error) {
	kept := filepath.Join(f.data, "rehearsal.address")
	if before, err := os.ReadFile(kept); err == nil {
		address := strings.TrimSpace(string(before))
		if on, _, err := net.SplitHostPort(address); err == nil && on == host && free(address) {
			return address, nil
		}
	}
	address, err := f.address(host, port, 2)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(f.data, 0o700); err != nil {
		return "", fmt.Errorf("--data: %w", err)
	}
	return address, os.WriteFile(kept, []byte(address+"\n"), 0o600)
}

func free(address string) bool {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	l.Close()
	return true
}

// adapt turns the Caddyfile, the built-in one or the one given, into Caddy's JSON.
func (f *demoFlags) adapt(host, port, admin string) ([]byte, error) {
	name, text := "Caddyfile", []byte(f.caddyfile(host, port, admin))
	if f.config != "" {
		var err error
		if text, err = os.ReadFile(f.config); err != nil {
			return nil, fmt.Errorf("--config: %w", err)
		}
		name = f.config
	}
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt(text, map[string]any{"filename": name})
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		if f.config != "" {
			fmt.Fprintln(os.Stderr, w.String())
		}
	}
	return config, nil
}

// caddyfile is the built-in configuration of the demo.
func (f *demoFlags) caddyfile(host, port, admin string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{\n\tadmin %s\n\tauto_https off\n\tpersist_config off\n\tmetrics\n\tlog {\n\t\tlevel WARN\n\t}\n", admin)
	fmt.Fprintf(&b, "\tpontlevis {\n\t\tdata %q\n\t\tissuer http://%s\n\t\trehearsal http://%s\n\t\tdemo\n", f.data, f.listen, f.rehearsal)
	for _, path := range f.imports {
		fmt.Fprintf(&b, "\t\tload %q\n", path)
	}
	b.WriteString("\t}\n}\n")
	fmt.Fprintf(&b, "http://%s, http://localhost:%s {\n\tbind %s\n\troute {\n\t\tpontlevis\n\t\trespond \"Rien à cette adresse. Nothing at this address.\" 404\n\t}\n}\n", f.listen, port, host)
	fmt.Fprintf(&b, "http://%s {\n\tbind %s\n\troute {\n\t\tpontlevis rehearsal\n\t\trespond \"Rien à cette adresse. Nothing at this address.\" 404\n\t}\n}\n", f.rehearsal, host)
	// A page of another name that has itself resolved to this address gets nothing (DNS rebinding).
	fmt.Fprintf(&b, "http://:%s {\n\tbind %s\n\trespond \"Cette démonstration a un autre nom. This demonstration has another name.\" 421\n}\n", port, host)
	return b.String()
}

// showImports reports on an import while it runs, on standard error.
func showImports() {
	progress, end := importer.Bar(os.Stderr)
	pontlevis.Imported.Progress = progress
	pontlevis.Imported.Report = func(r importer.Report) {
		end()
		imported(os.Stderr, r)
	}
}

// welcome says what to open. Its last line begins with "ready ", when requests are answered.
func (f *demoFlags) welcome(out io.Writer, base, admin, app string) {
	me := invoked()
	fmt.Fprintf(out, `
pontlevis, with an invented cast (password of everybody: %[1]s)

  open      %[2]s/
  records   %[2]s/fhir
  who is there, and how to sign in:  %[3]s
  metrics   http://%[4]s/metrics
  glycare   %[7]s  (an app from outside, to connect as camille)

A first read:

  TOKEN=$(%[5]s token --data %[6]s --as dr-roux --patient camille)
  curl -H "Authorization: Bearer $TOKEN" "%[2]s/fhir/DocumentReference/camille-psychiatric-letter"

A first refusal, which looks like absence, and its reason:

  TOKEN=$(%[5]s token --data %[6]s --as inf-martin --patient camille)
  curl -H "Authorization: Bearer $TOKEN" "%[2]s/fhir/DocumentReference/camille-psychiatric-letter"
  %[5]s policy explain --data %[6]s --as inf-martin --patient camille DocumentReference/camille-psychiatric-letter

ready %[2]s
`, demo.Password, base, filepath.Join(f.data, "demo.json"), admin, me, f.data, app)
}

// invoked is how this program is called again from the same folder.
func invoked() string {
	if strings.HasPrefix(os.Args[0], os.TempDir()) && strings.Contains(os.Args[0], "go-build") {
		return "go run ./cmd/pontlevis"
	}
	if strings.ContainsRune(os.Args[0], filepath.Separator) {
		return os.Args[0]
	}
	return "pontlevis"
}
