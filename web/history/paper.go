package history

import (
	"bytes"
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/web/qr"
	"github.com/pontlevis/pontlevis/web/sentence"
)

// Measures of the paper, in millimetres and points.
const (
	margin   = 18.0
	codeSide = 52.0
	line     = 5.0
	small    = 4.0
)

// paper is the history as a PDF of A4 pages: a head with what the log signed and its QR code, then the sentences of each view.
// The file of the history itself is attached, so that the code on the paper and the proofs stay together.
func (r *room) paper(a *audit.Attested) ([]byte, error) {
	told, err := r.told(a)
	if err != nil {
		return nil, err
	}
	s := &sheet{Fpdf: fpdf.New("P", "mm", "A4", ""), r: r}
	s.begin()
	if err := s.head(a); err != nil {
		return nil, err
	}
	for _, in := range append(append([]string(nil), views...), tried) {
		s.section(in, told[in])
	}
	file, err := r.written(a)
	if err != nil {
		return nil, err
	}
	s.SetAttachments([]fpdf.Attachment{{Content: file, Filename: r.Say("export.file") + ".json", Description: latin(r.Say("export.attached"))}})
	var out bytes.Buffer
	if err := s.Output(&out); err != nil {
		return nil, fmt.Errorf("writing a PDF: %w", err)
	}
	return out.Bytes(), nil
}

// sheet is a PDF being written.
type sheet struct {
	*fpdf.Fpdf
	r *room
}

func (s *sheet) title() string {
	for _, one := range s.r.people {
		if one.Patient == s.r.grant.Patient && !s.r.reader.Own {
			return s.r.Say("history.title.of", one.Name)
		}
	}
	return s.r.Say("history.title")
}

func (s *sheet) begin() {
	r := s.r
	s.SetLang(r.reader.Lang)
	s.SetTitle(s.title(), true)
	s.SetSubject(r.Say("export.subject"), true)
	s.SetCreator("pontlevis", true)
	s.SetCreationDate(r.Now())
	s.SetModificationDate(r.Now())
	s.SetMargins(margin, margin, margin)
	s.SetAutoPageBreak(true, margin)
	s.AliasNbPages("{pages}")
	s.SetFooterFunc(func() {
		s.SetY(-margin + 4)
		s.SetFont("Helvetica", "", 8)
		s.CellFormat(0, small, latin(r.Say("export.page", s.PageNo(), "{pages}", s.title())), "", 0, "C", false, 0, "")
	})
	s.AddPage()
}

// head says what this is, of whom, of when, and how to check it.
func (s *sheet) head(a *audit.Attested) error {
	r := s.r
	png, err := qr.PNG(audit.PlainStatement(a.Signed))
	if err != nil {
		return err
	}
	s.SetFont("Helvetica", "B", 17)
	s.MultiCell(0, 8, latin(s.title()), "", "L", false)
	s.Ln(2)
	top, width := s.GetY(), 210-2*margin-codeSide-6
	s.RegisterImageOptionsReader("code", fpdf.ImageOptions{ImageType: "PNG"}, bytes.NewReader(png))
	s.ImageOptions("code", 210-margin-codeSide, top, codeSide, codeSide, false, fpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	s.SetFont("Helvetica", "", 10)
	for _, text := range []string{
		r.Say("export.made", r.moment()), r.asked(), r.Say("export.entries", len(a.Entries)), r.Say("export.check"), r.Say("export.log", a.Log),
	} {
		s.MultiCell(width, line, latin(text), "", "L", false)
		s.Ln(1)
	}
	s.SetY(max(s.GetY(), top+codeSide) + 4)
	return nil
}

func (r *room) moment() string {
	return r.p.maker.Date(r.reader.Lang, r.Now()) + ", " + r.p.maker.Hour(r.reader.Lang, r.Now())
}

// asked says the days that the copy is of.
func (r *room) asked() string {
	since, until := r.p.maker.Day(r.filter.since), r.p.maker.Day(r.filter.until)
	date := r.p.maker.Date
	switch {
	case !since.IsZero() && !until.IsZero():
		return r.Say("export.between", date(r.reader.Lang, since), date(r.reader.Lang, until))
	case !since.IsZero():
		return r.Say("export.since", date(r.reader.Lang, since))
	case !until.IsZero():
		return r.Say("export.until", date(r.reader.Lang, until))
	}
	return r.Say("export.all")
}

func (s *sheet) section(in string, told []sentence.Told) {
	title := s.r.Say("history.tried")
	if in != tried {
		title = s.r.Say("history.view." + in)
	}
	s.Ln(3)
	s.SetFont("Helvetica", "B", 13)
	s.Bookmark(latin(title), 0, -1)
	s.MultiCell(0, 7, latin(title), "", "L", false)
	if len(told) == 0 {
		s.SetFont("Helvetica", "", 10)
		s.MultiCell(0, line, latin(s.r.Say("history.none")), "", "L", false)
	}
	for _, one := range told {
		if s.GetY() > 297-margin-3*line {
			s.AddPage()
		}
		s.SetFont("Helvetica", "", 10)
		s.MultiCell(0, line, latin(one.Sentence), "", "L", false)
		s.SetFont("Helvetica", "", 8)
		s.SetTextColor(70, 70, 70)
		s.MultiCell(0, small, latin(one.Mode+". "+strings.Join(one.Why, " ")), "", "L", false)
		s.SetTextColor(0, 0, 0)
		s.Ln(1.5)
	}
}

// latin writes a text in Windows-1252, which the fonts that every PDF reader has know. A letter beyond it loses its accents,
// and, if that is not enough, stands as a question mark; the attached file has it as it is.
func latin(text string) string {
	var out strings.Builder
	for _, c := range norm.NFC.String(text) {
		if b, ok := charmap.Windows1252.EncodeRune(c); ok {
			out.WriteByte(b)
			continue
		}
		plain := byte('?')
		for _, part := range norm.NFD.String(string(c)) {
			if b, ok := charmap.Windows1252.EncodeRune(part); ok {
				plain = b
				break
			}
		}
		if near, ok := nearly[c]; ok {
			plain = near
		}
		out.WriteByte(plain)
	}
	return out.String()
}

// nearly are letters of names in the country that no accent makes.
var nearly = map[rune]byte{'Ł': 'L', 'ł': 'l', 'Đ': 'D', 'đ': 'd', 'ı': 'i', '\u202f': 0xa0, '\u2011': '-'}
