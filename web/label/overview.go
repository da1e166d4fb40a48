package label

import (
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/signing"
	"github.com/pontlevis/pontlevis/web"
)

// overviewPage is /label.
type overviewPage struct {
	frame
	Queue      []waiting
	Acts       []act
	Complaints []complaint
	Uses       []difference
	Apps       []onAir
	Figures    []figure
	Trust      label.Trust
}

// waiting is a version that waits for the authority.
type waiting struct {
	catalog.Waiting
	Title web.Text
	Late  bool
}

// act is a decision that waits for signatures.
type act struct {
	signing.Act
	Title web.Text // of the app
}

// complaint is one that is not closed.
type complaint struct {
	catalog.Complaint
	Title web.Text
	Late  bool
}

// difference is something that an app did and had not declared.
type difference struct {
	cases.Case
	Late bool
}

// onAir is an app that has, or had, a label.
type onAir struct {
	ID, Version, Publisher, Status string
	Title                          web.Text
	Expires                        time.Time
}

// figure is how long a state lasts, in days.
type figure struct {
	State                                 string
	Promised, Median, Nine, Waiting, Late int
}

func daysOf(d time.Duration) int { return int((d + 12*time.Hour) / (24 * time.Hour)) }

func (s *seat) overview() {
	if s.form != nil {
		s.Go(home)
		return
	}
	s.showOverview(http.StatusOK, "")
}

func (s *seat) showOverview(status int, problem string) {
	page := overviewPage{frame: s.frame(), Trust: s.Log.Trust()}
	page.Problem = problem
	if err := s.fill(&page); err != nil {
		s.Fail(err)
		return
	}
	s.Show(status, "overview", page)
}

func (s *seat) fill(page *overviewPage) error {
	ctx := s.Context()
	apps, err := s.Apps.List(ctx)
	if err != nil {
		return err
	}
	names := map[string]web.Text{}
	for k := range apps {
		a := &apps[k]
		names[a.ID] = text(a.Name)
		if a.Version != "" {
			page.Apps = append(page.Apps, onAir{a.ID, a.Version, a.Publisher, a.At(page.Now), text(a.Name), a.Expires})
		}
	}
	queue, err := s.Apps.Queue(ctx)
	if err != nil {
		return err
	}
	for _, w := range queue {
		page.Queue = append(page.Queue, waiting{w, text(w.Name), w.Late(page.Now)})
	}
	acts, err := s.Signing.All(ctx)
	if err != nil {
		return err
	}
	for _, a := range acts {
		page.Acts = append(page.Acts, act{a, names[a.App]})
	}
	all, err := s.Apps.Complaints(ctx, "")
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.State != catalog.Closed {
			page.Complaints = append(page.Complaints, complaint{c, names[c.App], c.Late(page.Now)})
		}
	}
	return s.fillRest(page)
}

func (s *seat) fillRest(page *overviewPage) error {
	figures, err := s.Apps.Figures(s.Context())
	if err != nil {
		return err
	}
	for _, f := range figures {
		page.Figures = append(page.Figures, figure{f.State, daysOf(f.Promised), daysOf(f.Median), daysOf(f.Nine), f.Waiting, f.Late})
	}
	page.Uses, err = s.uses("")
	return err
}

// uses are the open cases about an app, the first to be due first; about every app when it is "".
func (s *seat) uses(app string) (out []difference, err error) {
	all, err := s.Cases.Overdue(s.Context(), s.grant)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Kind == cases.App && (app == "" || c.Use.App == app) {
			out = append(out, difference{c, c.Overdue(s.Now())})
		}
	}
	slices.SortStableFunc(out, func(a, b difference) int { return a.Due.Compare(b.Due) })
	return out, nil
}
