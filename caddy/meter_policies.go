package pontlevis

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pontlevis/pontlevis/policies"
)

// fastPath tells how the policies' compiled plan fares beside OPA's evaluator.
type fastPath struct{ engine *policies.Engine }

var (
	fastPathDesc = prometheus.NewDesc("pontlevis_policy_fast_path",
		"1 for how the policies in force are decided: by their compiled plan, or by OPA's evaluator because they have none or it was caught in a difference.",
		[]string{"state"}, nil)
	evaluatedDesc = prometheus.NewDesc("pontlevis_policy_evaluated_total",
		"Decisions that the table did not know, by what evaluated them.", []string{"by"}, nil)
	redecidedDesc = prometheus.NewDesc("pontlevis_policy_redecided_total",
		"Decisions that OPA's evaluator took again beside the requests, and those left out for lack of room.", []string{"outcome"}, nil)
	testedDesc = prometheus.NewDesc("pontlevis_policy_tested_total",
		"Test inputs and random worlds on which the compiled plan and OPA's evaluator agreed.", nil, nil)
	disagreedDesc = prometheus.NewDesc("pontlevis_policy_disagreements_total",
		"Differences between the compiled plan and OPA's evaluator, wherever they were found. Any is an alarm.", nil, nil)
)

// Describe implements prometheus.Collector.
func (fastPath) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{fastPathDesc, evaluatedDesc, redecidedDesc, testedDesc, disagreedDesc} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (f fastPath) Collect(ch chan<- prometheus.Metric) {
	p := f.engine.FastPath()
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	for state, is := range map[string]bool{"plan": p.On(), "none": !p.Compiled, "tripped": p.Compiled && p.Tripped != ""} {
		v := 0.0
		if is {
			v = 1
		}
		ch <- prometheus.MustNewConstMetric(fastPathDesc, prometheus.GaugeValue, v, state)
	}
	count(evaluatedDesc, p.Planned, "plan")
	count(evaluatedDesc, p.Referred, "opa")
	count(redecidedDesc, p.Redecided, "done")
	count(redecidedDesc, p.Dropped, "dropped")
	count(testedDesc, p.Tested)
	count(disagreedDesc, p.Disagreed)
}

var _ prometheus.Collector = fastPath{}
