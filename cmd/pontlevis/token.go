package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
)

func tokenCommand() *cobra.Command {
	var data string
	var q pontlevis.TokenRequest
	c := &cobra.Command{
		Use:   "token --data <folder> --as <key> [flags]",
		Short: "Prints an access token of the running demo",
		Long:  "Prints an access token minted by the demo that runs over a data folder, for one of its people or for the holder of\nan imported record (--as patient:ID). It works with the demo alone.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			answer, err := ask(data, "token", q)
			if err == nil {
				fmt.Fprintln(c.OutOrStdout(), answer.Token)
			}
			return err
		},
	}
	asFlags(c, &data, &q)
	return c
}

// asFlags are the flags that say who acts, for whom and how.
func asFlags(c *cobra.Command, data *string, q *pontlevis.TokenRequest) {
	c.Flags().StringVar(data, "data", "", "data folder of the running demo")
	c.Flags().StringVar(&q.As, "as", "", "key of a person or back-end of the demo, or patient:ID")
	c.Flags().StringVar(&q.Patient, "patient", "", "key or id of the patient that the grant is bound to")
	c.Flags().StringVar(&q.Purpose, "purpose", "", "purpose of use: TREAT, PATRQT, ETREAT …")
	c.Flags().StringVar(&q.Mode, "mode", "", "access mode: normal, bris_de_glace, centre_15")
	c.Flags().StringVar(&q.Reason, "reason", "", "coded reason of an emergency access")
	c.Flags().StringVar(&q.TypedReason, "typed-reason", "", "reason in words, where one is asked for")
	c.Flags().IntVar(&q.Stage, "stage", 0, "stage of an emergency access: 1 vital set, 2 record, 3 masked documents (default 1)")
	c.Flags().BoolVar(&q.Secret, "secret", false, "connexion secrète: the trace is hidden from legal representatives")
	c.Flags().StringVar(&q.Client, "client", "", "client to act through (default portal)")
	c.Flags().StringVar(&q.Scope, "scope", "", "scopes, separated by spaces (default: all that the client may have)")
	for _, name := range []string{"data", "as"} {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err) // the flag is declared above
		}
	}
}

// ask asks the demo that runs over a data folder, whose key only its owner can read.
func ask(data, what string, q pontlevis.TokenRequest) (pontlevis.TokenAnswer, error) {
	var d pontlevis.Demo
	description, err := os.ReadFile(filepath.Join(data, "demo.json"))
	if err != nil {
		return pontlevis.TokenAnswer{}, fmt.Errorf("%s is no data folder of a demo: start one with `pontlevis demo --data %s`", data, data)
	}
	if err := json.Unmarshal(description, &d); err != nil {
		return pontlevis.TokenAnswer{}, fmt.Errorf("reading demo.json: %w", err)
	}
	key, err := os.ReadFile(filepath.Join(data, "demo.key"))
	if err != nil {
		return pontlevis.TokenAnswer{}, fmt.Errorf("reading the key of the demo: %w", err)
	}
	return post(d.Base+"/demo/"+what, string(key), q)
}

func post(address, key string, q pontlevis.TokenRequest) (answer pontlevis.TokenAnswer, err error) {
	body, err := json.Marshal(q)
	if err != nil {
		return answer, err
	}
	r, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return answer, err
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(key))
	r.Header.Set("Content-Type", "application/json")
	client := &http.Client{Timeout: 30 * time.Second}
	response, err := client.Do(r)
	if err != nil {
		return answer, fmt.Errorf("the demo does not answer: is it running? %w", err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return answer, fmt.Errorf("the demo answered %s: %w", response.Status, err)
	}
	if answer.Error != "" {
		return answer, errors.New(answer.Error)
	}
	return answer, nil
}
