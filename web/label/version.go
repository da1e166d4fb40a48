package label

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/signing"
	"github.com/pontlevis/pontlevis/web"
)

// versionPage is /label/app/{app}/{version}.
type versionPage struct {
	frame
	ID, Version string
	Title       web.Text
	Publisher   manifest.Publisher
	State       string
	Since       time.Time
	Digest      string
	Data        []manifest.Need
	Purposes    []string
	Scopes      []string
	Plugin      *manifest.Plugin
	Earlier     string // the version that the changes are from, "" for the first
	Changes     []change
	Findings    []finding
	Criteria    []criterion
	Uses        []difference // open cases about the app, of a version that has no label yet
	Trail       []step
	Steps       []catalog.Rule
	Label       bool // a label may be proposed
	Published   *signing.Publication
	Acts        []act
	Manifest    string
}

// finding is one thing that the machine says of the manifest.
type finding struct {
	manifest.Finding
	Words web.Text
}

// criterion is one check of the machine when the version was submitted or tested.
type criterion struct {
	catalog.Criterion
	Name, Seen web.Text
}

// step is one that was taken.
type step struct {
	catalog.Taken
	Why web.Text
}

func (s *seat) version() {
	app, version := s.R.PathValue("app"), s.R.PathValue("version")
	if s.form == nil {
		s.showVersion(app, version, http.StatusOK, "")
		return
	}
	to, err := s.take(app, version)
	s.after(err, to, func(problem string) { s.showVersion(app, version, http.StatusUnprocessableEntity, problem) })
}

// take does what one form of the page asks, and says where to go on.
func (s *seat) take(app, version string) (string, error) {
	here := s.R.URL.Path + "?done=1"
	switch s.field("do") {
	case "step":
		if s.field("step") == "" {
			return "", errChoose
		}
		one := catalog.Step{App: app, Version: version, Step: s.field("step"), By: s.by, Reason: s.words()}
		if one.Step == "test" {
			v, err := s.Apps.Version(s.Context(), app, version)
			if err != nil {
				return "", err
			}
			s.found = s.Check(s.Context(), app, v.Manifest)
			one.Evidence = s.found
		}
		_, err := s.Apps.Take(s.Context(), one)
		return here, err
	case "publication":
		key, envelope := strings.TrimSpace(s.field("key")), strings.TrimSpace(s.field("envelope"))
		if key == "" || envelope == "" {
			return "", errUnsigned
		}
		return here, s.Signing.Publish(s.Context(), app, version, key, []byte(envelope))
	case "publish-demo":
		return here, s.publishDemo(app, version)
	case "issue":
		months, err := strconv.Atoi(s.field("months"))
		if err != nil {
			return "", label.ErrIncomplete
		}
		t := signing.Terms{Level: s.field("level"), Months: months, Review: s.field("review")}
		if words := s.words(); words.FR != "" || words.EN != "" {
			t.Reservations = []label.Text{label.Text(words)}
		}
		a, err := s.Signing.Issue(s.Context(), s.by, app, version, t)
		if err != nil {
			return "", err
		}
		return home + "/act/" + a.ID, nil
	}
	return "", catalog.ErrStep
}

// publishDemo has the demonstration's publisher sign a version.
func (s *seat) publishDemo(app, version string) error {
	if s.Publisher == nil {
		return catalog.ErrStep
	}
	v, err := s.Apps.Version(s.Context(), app, version)
	if err != nil {
		return err
	}
	m, err := v.Read()
	if err != nil {
		return err
	}
	draft, err := label.DraftPublication(app, version, v.Manifest, signing.Binaries(m))
	if err != nil {
		return err
	}
	signed, key, err := s.Publisher(app, draft)
	if err != nil {
		return err
	}
	return s.Signing.Publish(s.Context(), app, version, key, signed)
}

func (s *seat) showVersion(app, version string, status int, problem string) {
	v, err := s.Apps.Version(s.Context(), app, version)
	if err != nil {
		s.after(err, "", nil)
		return
	}
	m, err := v.Read()
	if err != nil {
		s.Fail(err)
		return
	}
	page := versionPage{
		frame: s.frame(), ID: app, Version: version, Title: text(m.Name), Publisher: m.Publisher, State: v.State, Since: v.Since, Digest: v.Digest,
		Data: m.Data, Purposes: m.Purposes, Scopes: m.Scopes(), Plugin: m.Plugin, Manifest: string(v.Manifest),
		Label: v.State == catalog.Tested || v.State == catalog.Online,
	}
	page.Problem = problem
	for _, f := range manifest.Lint(v.Manifest) {
		page.Findings = append(page.Findings, finding{f, text(f.Text)})
	}
	evidence := v.Evidence
	if s.found != nil { // the step was not taken: why is among them
		evidence = s.found
	}
	for _, c := range evidence {
		page.Criteria = append(page.Criteria, criterion{c, text(c.Title), text(c.Evidence)})
	}
	for _, taken := range slices.Backward(v.Steps) {
		page.Trail = append(page.Trail, step{taken, text(taken.Reason)})
	}
	for _, r := range catalog.StepsFrom(v.State, catalog.Authority) {
		if !r.Label && !slices.Contains(ordered, r.Step) && !(r.Step == "reinstate" && v.Steps[len(v.Steps)-1].Entry > 0) {
			page.Steps = append(page.Steps, r)
		}
	}
	if err := s.fillVersion(&page, v); err != nil {
		s.Fail(err)
		return
	}
	s.Show(status, "version", page)
}

// ordered are the steps that follow from an order in the log of labels, which is signed: they are on the page of the app. The
// end of a suspension is not among them where a node or its operator stopped the app: the authority decides here.
var ordered = []string{"suspend", "recall"}

func (s *seat) fillVersion(page *versionPage, v *catalog.Version) (err error) {
	if v.Label == "" { // whoever evaluates it is to know
		if page.Uses, err = s.uses(v.App); err != nil {
			return err
		}
	}
	published, err := s.Signing.Published(s.Context(), v.App, v.Version)
	if err == nil {
		page.Published = published
	} else if problem(err) != "publication" {
		return err
	}
	acts, err := s.Signing.All(s.Context())
	if err != nil {
		return err
	}
	for _, a := range acts {
		if a.App == v.App && a.Version == v.Version && a.Kind == label.Issue {
			page.Acts, page.Label = append(page.Acts, act{a, page.Title}), false
		}
	}
	all, err := s.Apps.Versions(s.Context(), v.App)
	if err != nil {
		return err
	}
	var before *catalog.Version
	for k := range all {
		if all[k].Version == v.Version {
			break
		}
		before = &all[k]
	}
	if before == nil {
		return nil
	}
	page.Earlier = before.Version
	page.Changes, err = changes(before.Manifest, v.Manifest)
	return err
}
