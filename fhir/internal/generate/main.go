// Command generate trims HL7's and the ANS's definitions to the tables that
// package fhir embeds: run it by `go generate ./fhir`.
package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
)

func main() {
	from := flag.String("from", "", "folder with hl7-r4-definitions/ and fr-ans/ (gzipped NDJSON)")
	to := flag.String("to", "definitions", "folder to write the tables to")
	flag.Parse()
	log.SetFlags(0)
	if err := run(*from, *to); err != nil {
		log.Fatal(err)
	}
}

func run(from, to string) error {
	var structures []structure
	if err := read(filepath.Join(from, "hl7-r4-definitions/StructureDefinition.ndjson.gz"), &structures); err != nil {
		return err
	}
	var compartments []compartment
	if err := read(filepath.Join(from, "hl7-r4-definitions/CompartmentDefinition.ndjson.gz"), &compartments); err != nil {
		return err
	}
	var standard, french []parameter
	if err := read(filepath.Join(from, "hl7-r4-definitions/SearchParameter.ndjson.gz"), &standard); err != nil {
		return err
	}
	if err := read(filepath.Join(from, "fr-ans/definitions.ndjson.gz"), &french); err != nil {
		return err
	}
	tables := map[string]any{
		"types.json.gz":      types(structures, compartments),
		"elements.json.gz":   elements(structures),
		"parameters.json.gz": merge(standard, french),
	}
	for name, table := range tables {
		if err := write(filepath.Join(to, name), table); err != nil {
			return err
		}
	}
	return nil
}

// read decodes a gzipped file of one JSON value a line into the slice.
func read[T any](path string, into *[]T) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading definitions: %w", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	lines := bufio.NewReader(z)
	for {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var v T
			if err := json.Unmarshal(line, &v); err != nil {
				return fmt.Errorf("reading %s: %w", path, err)
			}
			*into = append(*into, v)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
	}
}

// write stores the table so that the same input gives the same bytes.
func write(path string, table any) error {
	var text, packed bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(table); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(text.Bytes()); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(path, packed.Bytes(), 0o644); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	log.Printf("%s: %d bytes (%d unpacked)", path, packed.Len(), text.Len())
	return nil
}
