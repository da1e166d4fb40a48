package main

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/pontlevis/pontlevis/catalog/manifest"
)

func pluginArtifactsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "artifacts <binary>...", Short: "Prints what a manifest says of binaries: platform, digest and size", Args: cobra.MinimumNArgs(1),
		Long: "Prints the member plugin.artifacts of a manifest for these binaries, as JSON: the platform of each, its SHA-256 and its size.",
		RunE: func(c *cobra.Command, args []string) error {
			all := make([]manifest.Artifact, 0, len(args))
			for _, path := range args {
				one, err := artifactOf(path)
				if err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
				all = append(all, one)
			}
			out := json.NewEncoder(c.OutOrStdout())
			out.SetIndent("", "  ")
			return out.Encode(all)
		},
	}
}

// platforms are those for which there is a cage, by the machine of an ELF file.
var platforms = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}

// artifactOf is what a manifest says of a binary.
func artifactOf(path string) (a manifest.Artifact, err error) {
	f, err := os.Open(path)
	if err != nil {
		return a, err
	}
	defer f.Close()
	program, err := elf.NewFile(f)
	if err != nil {
		return a, fmt.Errorf("a plugin is an ELF executable of Linux: %w", err)
	}
	arch, ok := platforms[program.Machine]
	if !ok {
		return a, fmt.Errorf("it is for %s: plugins are for amd64 or arm64", program.Machine)
	}
	sum := sha256.New()
	size, err := io.Copy(sum, f)
	return manifest.Artifact{OS: "linux", Arch: arch, SHA256: hex.EncodeToString(sum.Sum(nil)), Size: size}, err
}
