package overlay

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Sources are the changed files of a repository; the other files stay as they are.
type Sources struct {
	top   string // root of the repository
	texts map[string]string
}

// New makes an overlay without changes over the repository whose root is top.
func New(top string) (*Sources, error) {
	top, err := filepath.Abs(top)
	return &Sources{top, make(map[string]string)}, err
}

// Put gives a file, named from the root with slashes, this text, whether it exists or not.
func (s *Sources) Put(file, text string) { s.texts[file] = text }

// Replace puts one text of a file in the place of another, which must be there exactly once: code that has changed since
// is told by an error, never left as it is.
func (s *Sources) Replace(file, old, changed string) error {
	text, known := s.texts[file]
	if !known {
		b, err := os.ReadFile(filepath.Join(s.top, filepath.FromSlash(file)))
		if err != nil {
			return err
		}
		text = string(b)
	}
	if n := strings.Count(text, old); n != 1 {
		return fmt.Errorf("%d times in %s, want once: the code has changed, give this its new place\n%s", n, file, old)
	}
	s.texts[file] = strings.Replace(text, old, changed, 1)
	return nil
}

// Write writes the changed files into dir, and returns the file there that tells the compiler of them ("go help build",
// -overlay).
func (s *Sources) Write(dir string) (file string, err error) {
	replaced := make(map[string]string)
	for name, text := range s.texts {
		at := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			return "", err
		}
		replaced[filepath.Join(s.top, filepath.FromSlash(name))] = at
	}
	b, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	file = filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, b, 0o600)
}
