package vendor

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/criteria"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/test/pages"
)

// counted are binaries that came up, and count how often they were run.
type counted struct{ runs *atomic.Int32 }

func (counted) Look(string, manifest.Artifact) (criteria.Looked, error) {
	return criteria.Looked{There: true, Same: true, Static: true}, nil
}

func (c counted) Run(context.Context, *manifest.Manifest) (criteria.Ran, error) {
	c.runs.Add(1)
	return criteria.Ran{Level: "S3", Spoke: true, Bounded: true, Played: []criteria.Played{{Hook: "due", Reads: 2, Bytes: 200, Cards: 1}}}, nil
}

// TestPluginIsRunWhenAsked: looking at the page runs nothing; what came of a check counts for the manifest that was checked, and
// lets the plugin be submitted.
func TestPluginIsRunWhenAsked(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	w := newWorld(t, func(o *Options) { o.Binaries = func(string) criteria.Binaries { return counted{&runs} } })
	b := w.arrive("ada@courbes.example", "Courbes SAS")
	w.begin(b, presetPlugin, "mes-rappels").Silent(`value="submit"`)
	const path = "/vendor/apps/mes-rappels"
	if b.Get(path); runs.Load() != 0 {
		t.Errorf("looking at the page ran it %d times", runs.Load())
	}
	b.Get(path).Submit("button[value=check]").Is(http.StatusOK).Says("Level S3 reached")
	b.Get(path).Says("Level S3 reached")
	if runs.Load() != 1 {
		t.Errorf("one check ran it %d times", runs.Load())
	}
	draft, err := w.apps.Draft(t.Context(), "mes-rappels")
	if err != nil {
		t.Fatal(err)
	}
	b.Get(path+"/manifest").Upload("button[value=save]", "manifest", string(draft.Manifest)+"\n").Is(http.StatusOK)
	b.Get(path).Silent("Level S3 reached", `value="submit"`)
	b.Get(path).Submit("button[value=check]").Submit("button[value=submit]").Is(http.StatusOK).Says("Place in the queue")
	all, err := w.apps.Versions(t.Context(), "mes-rappels")
	if err != nil || len(all) != 1 || all[0].State != catalog.Admissible {
		t.Errorf("%v %+v", err, all)
	}
}

// slow are binaries that take a moment and then cannot be run; it counts how many are at it.
type slow struct {
	counted
	now, most *atomic.Int32
}

func (s slow) Run(context.Context, *manifest.Manifest) (criteria.Ran, error) {
	s.runs.Add(1)
	if n := s.now.Add(1); n > s.most.Load() {
		s.most.Store(n)
	}
	time.Sleep(20 * time.Millisecond)
	s.now.Add(-1)
	return criteria.Ran{}, errors.New("the cage is shut")
}

// TestPluginsAreRunOneByOne: however many ask at once, one process is in the cage; and a page that is looked at after a run that
// failed starts none.
func TestPluginsAreRunOneByOne(t *testing.T) {
	t.Parallel()
	var runs, now, most atomic.Int32
	w := newWorld(t, func(o *Options) {
		o.Binaries = func(string) criteria.Binaries { return slow{counted{&runs}, &now, &most} }
	})
	var asked sync.WaitGroup
	var last *pages.Browser
	for _, who := range []string{"ada", "bob", "eve"} {
		b, path := w.arrive(who+"@courbes.example", "Courbes SAS"), "/vendor/apps/rappels-"+who
		w.begin(b, presetPlugin, "rappels-"+who)
		last = b
		csrf := b.Get(path).Value("input[name=csrf]")
		asked.Go(func() { b.Send(http.MethodPost, path, url.Values{"csrf": {csrf}, "do": {"check"}}) })
	}
	asked.Wait()
	if most.Load() != 1 || runs.Load() != 3 {
		t.Errorf("%d at once, %d in all", most.Load(), runs.Load())
	}
	if last.Get("/vendor/apps/rappels-eve").Is(http.StatusOK); runs.Load() != 3 {
		t.Errorf("looking at the page ran it: %d", runs.Load())
	}
}

// held are binaries that run until they are let go.
type held struct {
	counted
	begun, goOn chan struct{}
}

func (h held) Run(ctx context.Context, m *manifest.Manifest) (criteria.Ran, error) {
	h.begun <- struct{}{}
	<-h.goOn
	return h.counted.Run(ctx, m)
}

// TestAPublisherHasOneCheckUnderWay: whoever asks again and again waits in nobody's way.
func TestAPublisherHasOneCheckUnderWay(t *testing.T) {
	t.Parallel()
	var runs atomic.Int32
	h := held{counted{&runs}, make(chan struct{}, 9), make(chan struct{})}
	w := newWorld(t, func(o *Options) { o.Binaries = func(string) criteria.Binaries { return h } })
	b := w.arrive("ada@courbes.example", "Courbes SAS")
	w.begin(b, presetPlugin, "mes-rappels")
	const path = "/vendor/apps/mes-rappels"
	check := url.Values{"csrf": {b.Get(path).Value("input[name=csrf]")}, "do": {"check"}}
	var first sync.WaitGroup
	first.Go(func() { b.Send(http.MethodPost, path, check) })
	<-h.begun
	second := make(chan int, 1)
	go func() { second <- b.Send(http.MethodPost, path, check).Status }()
	select {
	case status := <-second:
		if status != http.StatusUnprocessableEntity {
			t.Errorf("a second check of theirs: %d", status)
		}
	case <-time.After(30 * time.Second):
		t.Error("a second check of theirs waits")
	}
	close(h.goOn)
	first.Wait()
	if b.Get(path).Is(http.StatusOK).Says("Level S3 reached"); runs.Load() != 1 {
		t.Errorf("it ran %d times", runs.Load())
	}
	if b.Send(http.MethodPost, path, check).Is(http.StatusOK); runs.Load() != 2 {
		t.Error("and none after the first")
	}
}
