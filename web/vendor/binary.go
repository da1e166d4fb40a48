package vendor

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/uploads"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Shelf keeps the binaries that publishers send; uploads.Shelf is it.
type Shelf interface {
	Has(a manifest.Artifact) bool
	Take(ctx context.Context, owner string, a manifest.Artifact, from io.Reader) error
}

// How long a binary may take to come, in all and for each piece.
const (
	binaryWithin = 10 * time.Minute
	pieceWithin  = 30 * time.Second
)

// artifact is one binary that the manifest names.
type artifact struct {
	manifest.Artifact
	Here bool
}

// Artifacts are the binaries that the manifest names; none where none are taken.
func (page *appPage) Artifacts() (out []artifact) {
	if page.shelf == nil || page.manifest == nil || page.manifest.Plugin == nil {
		return nil
	}
	for _, a := range page.manifest.Plugin.Artifacts {
		out = append(out, artifact{a, page.shelf.Has(a)})
	}
	return out
}

// binary takes the binary of a plugin: one that the manifest names, by its digest.
func (p *Pages) binary(v *visit.Visit) {
	page, err := p.open(v)
	switch {
	case err != nil:
		v.Fail(err)
		return
	case page == nil || p.Shelf == nil:
		v.Nothing()
		return
	}
	form, file, ok := v.Streamed(uploads.MaxSize + 64<<10)
	if !ok {
		return
	}
	declared := page.Artifacts()
	k := slices.IndexFunc(declared, func(a artifact) bool { return a.SHA256 == form.Get("sha256") })
	if k < 0 {
		p.unkept(v, page, "binary.unknown")
		return
	}
	ctx, stop := context.WithTimeout(v.Context(), binaryWithin)
	defer stop()
	err = p.Shelf.Take(ctx, page.by.Owner, declared[k].Artifact, paced{file, http.NewResponseController(v.W)})
	for problem, known := range map[string]error{
		"binary.large": uploads.ErrLarge, "binary.digest": uploads.ErrDigest, "binary.quota": uploads.ErrQuota, "binary.full": uploads.ErrFull, "binary.busy": uploads.ErrBusy,
	} {
		if errors.Is(err, known) {
			p.unkept(v, page, problem)
			return
		}
	}
	var large *http.MaxBytesError
	switch {
	case err == nil:
		v.Go(page.Here + "#criteria")
	case errors.As(err, &large), errors.Is(err, io.ErrUnexpectedEOF):
		p.unkept(v, page, "binary.digest")
	default:
		v.Fail(err)
	}
}

// unkept says why a binary was not kept.
func (p *Pages) unkept(v *visit.Visit, page *appPage, problem string) {
	page.Problem = problem
	p.show(v, http.StatusUnprocessableEntity, page)
}

// paced reads what a browser sends, each piece within a time: who sends nothing holds no place for long.
type paced struct {
	from io.Reader
	w    *http.ResponseController
}

func (p paced) Read(b []byte) (int, error) {
	_ = p.w.SetReadDeadline(time.Now().Add(pieceWithin)) // where there is none, the time for all of it bounds it
	return p.from.Read(b)
}
