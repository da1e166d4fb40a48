package pontlevis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/cases"
)

// VerifyCases compares the register of cases of a data folder with its access log, in words, and reports whether all is
// well. No server may have the folder open: the error is then a store.ErrInUse.
func VerifyCases(ctx context.Context, data string) (text string, ok bool, err error) {
	if _, err := os.Stat(filepath.Join(data, stateFile)); err != nil {
		return "", false, fmt.Errorf("there is no data folder at %s: %w", data, err)
	}
	s, err := openState(data, "")
	if err != nil {
		return "", false, err
	}
	defer func() { err = errors.Join(err, s.release()) }()
	r, err := cases.New(ctx, cases.Config{DB: s.db, Log: s.log, Now: time.Now})
	if err != nil {
		return "", false, err
	}
	return verifyCases(ctx, r)
}

func verifyCases(ctx context.Context, r *cases.Register) (text string, ok bool, err error) {
	report, err := r.Verify(ctx)
	if err != nil {
		return "", false, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d cases, compared with %d entries of the access log\n", report.Cases, report.Entries)
	for _, f := range report.Findings {
		fmt.Fprintln(&b, f)
	}
	if report.OK() {
		fmt.Fprintln(&b, "the register says what the log says")
	}
	return b.String(), report.OK(), nil
}

// verifyRegister does so in the running demo.
func (a *App) verifyRegister(ctx context.Context, _ TokenRequest) (TokenAnswer, error) {
	text, ok, err := verifyCases(ctx, a.services.cases)
	return TokenAnswer{Explanation: text, OK: ok}, err
}
