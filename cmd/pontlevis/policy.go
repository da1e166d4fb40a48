package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	pontlevis "github.com/pontlevis/pontlevis/caddy"
	"github.com/pontlevis/pontlevis/policies"
)

func policyCommand() *cobra.Command {
	c := &cobra.Command{Use: "policy <command>", Short: "Tests, checks, formats and explains the policies"}
	c.AddCommand(policyTest(), policyCheck(), policyFormat(), policyExplain(), policyExport())
	return c
}

// bundle is the folder named, or the built-in policies.
func bundle(args []string) (fs.FS, error) {
	if len(args) == 0 {
		return policies.Embedded(), nil
	}
	info, err := os.Stat(args[0])
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder: name the folder of a bundle", args[0])
	}
	return os.DirFS(args[0]), nil
}

func policyTest() *cobra.Command {
	var verbose, cover bool
	c := &cobra.Command{
		Use: "test [<folder>]", Short: "Runs the tests of a bundle (default: the built-in one)", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			fsys, err := bundle(args)
			if err != nil {
				return err
			}
			return policies.Test(c.Context(), fsys, c.OutOrStdout(), verbose, cover)
		},
	}
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "name each test and its time")
	c.Flags().BoolVar(&cover, "cover", false, "tell which lines no test reaches, and why")
	return c
}

func policyCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check [<folder>]", Short: "Says everything that keeps a bundle from being published", Args: cobra.MaximumNArgs(1),
		Long: "Parses and compiles strictly against the input schema, allows only pure builtins, holds the lint, the formatting, the\n" +
			"texts of each rule in both languages, the tests, and for each rule a test where it holds and one where it does not.",
		RunE: func(c *cobra.Command, args []string) error {
			fsys, err := bundle(args)
			if err != nil {
				return err
			}
			report := policies.Check(c.Context(), fsys)
			if err := report.Write(c.OutOrStdout()); err != nil {
				return err
			}
			if !report.OK() {
				return errors.New("the bundle is not fit to be published")
			}
			return nil
		},
	}
}

func policyFormat() *cobra.Command {
	var list bool
	c := &cobra.Command{
		Use: "fmt [--list] <folder>", Short: "Formats the modules of a bundle as `opa fmt` does", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			changed, err := policies.Format(args[0], !list)
			for _, name := range changed {
				fmt.Fprintln(c.OutOrStdout(), name)
			}
			if err == nil && list && len(changed) > 0 {
				return errors.New("these modules are not formatted")
			}
			return err
		},
	}
	c.Flags().BoolVarP(&list, "list", "l", false, "name the modules that differ and change nothing")
	return c
}

func policyExplain() *cobra.Command {
	var data string
	var q pontlevis.TokenRequest
	c := &cobra.Command{
		Use:   "explain --data <folder> --as <key> --patient <key> <Type/id>",
		Short: "Tells which rule of the running demo decides a read, and from which facts",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			q.Resource = args[0]
			answer, err := ask(data, "explain", q)
			if err == nil {
				fmt.Fprintln(c.OutOrStdout(), strings.TrimRight(answer.Explanation, "\n"))
			}
			return err
		},
	}
	asFlags(c, &data, &q)
	c.Flags().StringVar(&q.Language, "language", "en", "fr or en")
	return c
}

func policyExport() *cobra.Command {
	return &cobra.Command{
		Use: "export <new folder>", Short: "Writes the built-in bundle into a folder, to be changed and configured there", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := os.CopyFS(args[0], policies.Embedded()); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "the bundle is in %s; name it in the Caddyfile: policies %s\n", args[0], args[0])
			return nil
		},
	}
}
