package pontlevis

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pontlevis/pontlevis/plugins"
)

// PluginsPath is where Caddy's admin endpoint says how the versions of plugins fare here (GET): a list of plugins.Diagnosis.
const PluginsPath = "/pontlevis/plugins"

func servePlugins(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("how plugins fare is asked with GET")}
	}
	s, err := openedState(r.URL.Query().Get("data"))
	if err != nil {
		return caddy.APIError{HTTPStatus: http.StatusBadRequest, Err: err}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(s.runs.diagnoses(""))
}

// diagnoses are those of the newest config, by app; of every app when it is "".
func (r *runs) diagnoses(app string) []plugins.Diagnosis {
	out := []plugins.Diagnosis{}
	if all := r.each(); len(all) > 0 {
		out = append(out, all[len(all)-1].diagnoses(app)...)
	}
	slices.SortStableFunc(out, func(a, b plugins.Diagnosis) int { return cmp.Compare(a.App, b.App) })
	return out
}

// releases counts the versions of plugins on a node by what they do.
type releases struct{ host *plugins.Host }

var releasesDescribed = prometheus.NewDesc("pontlevis_plugin_releases",
	"Versions of plugins in use on this node: that serve, that start beside the one that serves, that finish, or that were refused because they did not come up.",
	[]string{"state"}, nil)

// Describe implements prometheus.Collector.
func (releases) Describe(to chan<- *prometheus.Desc) { to <- releasesDescribed }

// Collect implements prometheus.Collector.
func (r releases) Collect(to chan<- prometheus.Metric) {
	n := map[string]float64{plugins.Serves: 0, plugins.Starts: 0, plugins.Ends: 0, plugins.Refused: 0}
	for _, d := range r.host.Diagnoses("") {
		n[d.State]++
	}
	for state, count := range n {
		to <- prometheus.MustNewConstMetric(releasesDescribed, prometheus.GaugeValue, count, state)
	}
}
