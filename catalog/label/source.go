package label

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// NewSource is where a log is followed from: an http or https URL under which it is published, or a folder with what
// Export wrote.
func NewSource(from string) (Source, error) {
	if !strings.Contains(from, "://") {
		if from == "" {
			return nil, errors.New("a label log is followed from a URL or a folder")
		}
		return folder(from), nil
	}
	u, err := url.Parse(from)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("%q is no http or https URL of a label log", from)
	}
	return &site{base: strings.TrimSuffix(from, "/"), client: &http.Client{
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// folder is a log that was exported.
type folder string

func (f folder) Fetch(_ context.Context, path string, most int64) ([]byte, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := root.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAll(file, most)
}

// site is a log that is published over HTTP. The signatures vouch for what it says, not the connection.
type site struct {
	base   string
	client *http.Client
}

func (s *site) Fetch(ctx context.Context, path string, most int64) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.base+"/"+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", r.URL, answer.Status)
	}
	return readAll(answer.Body, most)
}

func readAll(r io.Reader, most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("it is longer than %d bytes", most)
	}
	return b, err
}
