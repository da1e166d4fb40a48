package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pontlevis/pontlevis/audit"
	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/store"
)

// errTampered ends a verification that found something, so that scripts see it.
var errTampered = errors.New("what was verified is not whole")

func auditCommand() *cobra.Command {
	c := &cobra.Command{Use: "audit <command>", Short: "Checks the access log"}
	var data, key, qr string
	var known []string
	verify := &cobra.Command{
		Use:   "verify --data <folder> | verify --key <verifier key> [--qr <text of the code>] [<history.json>]",
		Short: "Recomputes the access log, or checks a person's exported history offline",
		Long: "With a data folder: recomputes the whole log and compares it with its hashes, indexes and signed checkpoints; each\n" +
			"entry that was changed, removed or reordered is named. Checkpoints kept elsewhere (--checkpoint) also show a log that\n" +
			"was set back as a whole. With a file: checks an exported history against the verifier key of the log, offline. With\n" +
			"--qr, a file with the text of the QR code that is printed on a history (\"-\": standard input): checks what the log\n" +
			"signed of it and, beside the file of the history, that they are of one and the same history.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if qr != "" || len(args) == 1 {
				return verifyHistory(c.OutOrStdout(), c.InOrStdin(), args, qr, key)
			}
			return verifyLog(c, data, key, known)
		},
	}
	verify.Flags().StringVar(&data, "data", "", "data folder of the server")
	verify.Flags().StringVar(&key, "key", "", "verifier key of the log (default: the one in the data folder)")
	verify.Flags().StringVar(&qr, "qr", "", "file of the text of a history's QR code; - reads it from standard input")
	verify.Flags().StringArrayVar(&known, "checkpoint", nil, "file of a checkpoint that was kept elsewhere; repeatable")
	show := &cobra.Command{
		Use: "key --data <folder>", Short: "Prints the verifier key of the access log", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			key, err := verifierKey(data, "")
			if err == nil {
				fmt.Fprintln(c.OutOrStdout(), key)
			}
			return err
		},
	}
	show.Flags().StringVar(&data, "data", "", "data folder of the server")
	register := &cobra.Command{
		Use: "cases --data <folder>", Short: "Compares the register of emergency cases with the access log", Args: cobra.NoArgs,
		Long: "Each emergency opening of the log has its case, which says what the log says; nothing in the register is without an\n" +
			"entry. Each case that is missing, was changed or was closed behind the log's back is named. The server is stopped\n" +
			"meanwhile; a running demo looks for itself.",
		RunE: func(c *cobra.Command, _ []string) error { return verifyCases(c, data) },
	}
	register.Flags().StringVar(&data, "data", "", "data folder of the server")
	c.AddCommand(verify, show, register)
	return c
}

// verifyCases compares the register of cases with the log.
func verifyCases(c *cobra.Command, data string) error {
	if data == "" {
		return errors.New("say which data folder (--data <folder>)")
	}
	text, ok, err := pontlevis.VerifyCases(c.Context(), data)
	if errors.Is(err, store.ErrInUse) {
		answer, asked := ask(data, "cases", pontlevis.TokenRequest{})
		if asked != nil {
			return fmt.Errorf("%w: stop the server, or look at a backup of its data folder", err)
		}
		text, ok, err = answer.Explanation, answer.OK, nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(c.OutOrStdout(), strings.TrimRight(text, "\n"))
	if !ok {
		return errTampered
	}
	return nil
}

// verifierKey is the key given, or the one that the server wrote into its data folder.
func verifierKey(data, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	if data == "" {
		return "", errors.New("say which data folder (--data <folder>) or which key (--key <key>)")
	}
	b, err := os.ReadFile(filepath.Join(data, pontlevis.VerifierFile))
	if err != nil {
		return "", fmt.Errorf("reading the verifier key of the log: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

func verifyLog(c *cobra.Command, data, given string, known []string) error {
	key, err := verifierKey(data, given)
	if err != nil {
		return err
	}
	var checkpoints [][]byte
	for _, path := range known {
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		checkpoints = append(checkpoints, b)
	}
	result, err := audit.VerifyFile(c.Context(), filepath.Join(data, pontlevis.AuditFile), key, checkpoints...)
	if errors.Is(err, store.ErrInUse) {
		return verifyRunning(c.OutOrStdout(), data, err)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(c.OutOrStdout(), strings.TrimRight(result.String(), "\n"))
	if !result.OK() {
		return errTampered
	}
	return nil
}

// verifyRunning has a running demo verify its own log; other servers are verified stopped, or by a backup.
func verifyRunning(out io.Writer, data string, held error) error {
	answer, err := ask(data, "audit", pontlevis.TokenRequest{})
	if err != nil {
		return fmt.Errorf("%w: stop the server, or verify a backup of its data folder", held)
	}
	fmt.Fprintln(out, strings.TrimRight(answer.Explanation, "\n"))
	if !answer.OK {
		return errTampered
	}
	return nil
}
