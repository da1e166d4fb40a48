package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
)

func backupCommand() *cobra.Command {
	var admin, data string
	c := &cobra.Command{
		Use:   "backup [--admin <address>] <new folder>",
		Short: "Copies the data folder of a running server, which goes on serving",
		Long: "Asks a running server, at Caddy's admin address, to copy its data folder into a new one on its machine: records and\n" +
			"access log as they were at one moment each, and the keys. A server can be started on the copy. Whoever has it has\n" +
			"the keys: keep it as you keep the original. For a stopped server, copy the folder.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			to, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			answer, err := askBackup("http://"+admin+pontlevis.BackupPath, pontlevis.BackupRequest{To: to, Data: data})
			if err == nil {
				fmt.Fprintf(c.OutOrStdout(), "copied %d bytes in %.1f s to %s\n", answer.Bytes, answer.Seconds, answer.To)
			}
			return err
		},
	}
	c.Flags().StringVar(&admin, "admin", "127.0.0.1:2019", "Caddy's admin address")
	c.Flags().StringVar(&data, "data", "", "absolute data folder, where the server has several open")
	return c
}

func askBackup(url string, q pontlevis.BackupRequest) (answer pontlevis.BackupAnswer, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return answer, err
	}
	response, err := http.Post(url, "application/json", bytes.NewReader(body)) // it takes as long as the copy
	if err != nil {
		return answer, fmt.Errorf("the server does not answer at its admin address (--admin says another): %w", err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return answer, fmt.Errorf("the server answered %s: %w", response.Status, err)
	}
	if answer.Error != "" {
		return answer, fmt.Errorf("the server answered %s: %s", response.Status, answer.Error)
	}
	return answer, nil
}
