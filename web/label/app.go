package label

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/web"
)

// appPage is /label/app/{app}.
type appPage struct {
	frame
	ID         string
	Title      web.Text
	Publisher  string
	Status     string
	Standing   label.Standing
	HasLabel   bool
	Why        web.Text
	Versions   []versionRow // the newest first
	Complaints []complaint
	Lines      []usage.Line
	Persons    int
	Acts       []act
	Reasons    []string
	Remedies   []string
}

// versionRow is one version in the list of an app's.
type versionRow struct {
	Version string
	State   string
	Since   time.Time
}

// Most is for how many days a suspension lasts at most.
func (appPage) Most() int { return int(label.SuspendAtMost / (24 * time.Hour)) }

func (s *seat) app() {
	id := s.R.PathValue("app")
	if s.form != nil {
		s.after(s.decide(id), s.R.URL.Path+"?done=1", func(problem string) { s.showApp(id, http.StatusUnprocessableEntity, problem) })
		return
	}
	s.showApp(id, http.StatusOK, "")
}

// decide does what one form of the page asks.
func (s *seat) decide(app string) error {
	words := label.Text(s.words())
	switch do := s.field("do"); do {
	case label.Suspend:
		days, err := strconv.Atoi(s.field("days"))
		if err != nil {
			return label.ErrOrder
		}
		_, err = s.Signing.Order(s.Context(), s.by, app, do, s.field("reason"), words, s.Now().UTC().Add(time.Duration(days)*24*time.Hour))
		return err
	case label.Revoke, label.Reinstate:
		_, err := s.Signing.Order(s.Context(), s.by, app, do, s.field("reason"), words, time.Time{})
		return err
	case "verdict":
		_, err := s.Apps.Close(s.Context(), s.by, app, s.field("complaint"), s.field("outcome"), s.words())
		return err
	}
	return catalog.ErrStep
}

func (s *seat) showApp(id string, status int, problem string) {
	a, err := s.Apps.Get(s.Context(), id)
	if err != nil {
		s.after(err, "", nil)
		return
	}
	page := appPage{
		frame: s.frame(), ID: id, Title: text(a.Name), Publisher: a.Publisher, Status: a.At(s.Now()), Reasons: label.Reasons, Remedies: label.Remedies,
	}
	page.Problem = problem
	page.Standing, page.HasLabel = s.Log.Status(id, s.Now())
	page.Why = web.Text{FR: page.Standing.Words.FR, EN: page.Standing.Words.EN}
	if err := s.fillApp(&page); err != nil {
		s.Fail(err)
		return
	}
	s.Show(status, "app", page)
}

func (s *seat) fillApp(page *appPage) error {
	versions, err := s.Apps.Versions(s.Context(), page.ID)
	if err != nil {
		return err
	}
	for _, v := range slices.Backward(versions) {
		page.Versions = append(page.Versions, versionRow{v.Version, v.State, v.Since})
	}
	complaints, err := s.Apps.Complaints(s.Context(), page.ID)
	if err != nil {
		return err
	}
	for _, c := range slices.Backward(complaints) {
		page.Complaints = append(page.Complaints, complaint{c, page.Title, c.Late(page.Now)})
	}
	month, err := s.Used.Of(s.Context(), page.ID, usage.MonthOf(page.Now))
	if err != nil {
		return err
	}
	page.Lines, page.Persons = month.Lines, month.Persons
	acts, err := s.Signing.All(s.Context())
	for _, a := range acts {
		if a.App == page.ID {
			page.Acts = append(page.Acts, act{a, page.Title})
		}
	}
	return err
}

// Outcome is the verdict's outcome as pages name it.
func (c complaint) Closed() bool { return c.State == catalog.Closed }

// Judged is the verdict in words.
func (c complaint) Judged() web.Text { return text(c.Verdict) }

// May tells which decisions the app's label allows now.
func (p appPage) May() map[string]bool {
	in := p.HasLabel && p.Standing.Status == label.InForce
	held := p.HasLabel && p.Standing.Status == label.Suspended && p.Standing.Cause != label.Denied
	return map[string]bool{"suspend": in, "revoke": in || held, "reinstate": held}
}
