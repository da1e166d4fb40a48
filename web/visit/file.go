package visit

import (
	"io"
	"mime"
	"net/url"
	"strings"
	"unicode/utf8"
)

// attached is what the name of a file's field ends with, after that of the field in whose place the file comes.
const attached = "-file"

// Filled is a form of at most limit bytes in which a text may come as a file as well as pasted: a file in the field "x-file" takes
// the place of what is in the field "x"; one that is no text empties it. A form without files is taken as Form takes it. When it
// returns false it has answered itself.
func (v *Visit) Filled(limit int64) (url.Values, bool) {
	if media, _, err := mime.ParseMediaType(v.R.Header.Get("Content-Type")); err != nil || media != "multipart/form-data" {
		return v.Form()
	}
	form, ok := v.Upload(limit)
	if !ok {
		return nil, false
	}
	for name, files := range v.R.MultipartForm.File {
		field, ours := strings.CutSuffix(name, attached)
		if !ours || len(files) != 1 || files[0].Size == 0 {
			continue
		}
		file, err := files[0].Open()
		if err != nil {
			v.Fail(err)
			return nil, false
		}
		raw, err := io.ReadAll(file)
		_ = file.Close()
		if err != nil || !utf8.Valid(raw) || strings.ContainsRune(string(raw), 0) {
			raw = nil
		}
		form.Set(field, strings.TrimPrefix(string(raw), "\ufeff"))
	}
	return form, true
}
