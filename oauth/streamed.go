package oauth

import (
	"errors"
	"io"
	"net/http"
	"net/url"
)

// Bounds of the fields before a file that is read as it comes.
const (
	maxStreamedFields = 20
	maxStreamedField  = 4 << 10
)

// Streamed is Form for a form whose last field is a file that may not be held in memory: of limit bytes at most, fields and all. The
// fields before the file, its page's token among them, are checked before a byte of the file is read; the file is then for whoever
// asked. When it returns false it has answered itself.
func (v *Visitor) Streamed(limit int64) (form url.Values, file io.Reader, ok bool) {
	if v.r.Method != http.MethodPost || v.s.cross.Check(v.r) != nil {
		return nil, nil, v.refuseForm(http.StatusForbidden)
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, limit)
	form, file, err := fields(v.r)
	switch {
	case err != nil || !readable(form):
		return nil, nil, v.refuseForm(http.StatusBadRequest)
	case !v.s.csrfMatches(v.about(), v.s.cookie(v.r, cookieBrowser), form.Get("csrf")):
		return nil, nil, v.refuseForm(http.StatusForbidden)
	}
	return form, file, true
}

var errFields = errors.New("no file after a few short fields")

// fields reads a form up to its file.
func fields(r *http.Request) (url.Values, io.Reader, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, nil, err
	}
	form := url.Values{}
	for range maxStreamedFields {
		part, err := parts.NextPart()
		if err != nil {
			return nil, nil, err
		}
		if part.FileName() != "" {
			return form, part, nil
		}
		value, err := io.ReadAll(io.LimitReader(part, maxStreamedField+1))
		if err != nil || len(value) > maxStreamedField {
			return nil, nil, errFields
		}
		form.Add(part.FormName(), string(value))
	}
	return nil, nil, errFields
}
