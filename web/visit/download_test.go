package visit

import "testing"

// TestServed: what a browser shows safely is shown, text in its own character set; everything else is saved.
func TestServed(t *testing.T) {
	t.Parallel()
	for stated, want := range map[string][2]string{
		"application/pdf":                   {"application/pdf", "inline"},
		"image/png":                         {"image/png", "inline"},
		"text/plain":                        {"text/plain; charset=utf-8", "inline"},
		"text/plain; charset=utf-8":         {"text/plain; charset=utf-8", "inline"},
		"text/plain;charset=\"ISO-8859-1\"": {"text/plain; charset=ISO-8859-1", "inline"},
		"text/html":                         {octets, "attachment"},
		"image/svg+xml":                     {octets, "attachment"},
		"text/plain; charset":               {octets, "attachment"},
		"":                                  {octets, "attachment"},
	} {
		if _, contentType, disposition := served(stated); contentType != want[0] || disposition != want[1] {
			t.Errorf("%q: sent as %s, %s", stated, contentType, disposition)
		}
	}
}
