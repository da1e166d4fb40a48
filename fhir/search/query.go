package search

import (
	"math/big"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// Bounds of one search. Each stops an attack that costs the sender little and the server much.
const (
	MaxBytes        = 32 << 10 // stops megabytes of query string kept per request
	MaxParameters   = 100      // stops thousands of criteria, each evaluated on each resource
	MaxValues       = 50       // stops long OR lists, each value compared with each element
	MaxChain        = 3        // stops chains that walk the whole graph of references
	MaxHas          = 2        // stops reverse chains of reverse chains, quadratic each
	MaxAlternatives = 1000     // stops references to "any type" from multiplying through a chain, even one that leads nowhere
	MaxCount        = 200      // stops pages of a whole record; _count above it is cut to it
	MaxSort         = 5        // stops sort keys as long as the resource
	MaxIncludes     = 20       // stops inclusion of the whole graph; `*` counts as one
	MaxElements     = 50       // stops element lists longer than any resource
	MaxDigits       = 40       // stops numbers whose arithmetic never ends
	MaxExponent     = 100      // stops 1e999999999, small to write and huge to expand
	DefaultCount    = 20       // entries of a page when _count is absent
)

// Summary is the value of `_summary` (R4 search §3.1.1.5.9); empty when absent or "false".
type Summary string

// The summaries of R4. SummaryCount is also what `_count=0` asks for.
const (
	SummaryNone  Summary = ""
	SummaryTrue  Summary = "true"
	SummaryText  Summary = "text"
	SummaryData  Summary = "data"
	SummaryCount Summary = "count"
)

// Query is one search as understood. It is immutable once parsed and safe to share.
type Query struct {
	Type       string      // the resource type searched
	Criteria   []Criterion // all must hold
	Sort       []SortKey   // most significant first
	Count      int         // entries of a page, 0..MaxCount; 0 goes with SummaryCount
	Include    []Include
	RevInclude []Include
	Summary    Summary
	Elements   []string // top-level elements wanted; empty: all
	Total      string   // "", "none", "estimate" or "accurate"
	Format     string   // `_format` as sent; the caller judges it
	Pretty     bool     // `_pretty=true`

	counted     bool // _count was sent: Self repeats it
	uncontained bool // and _contained=false
}

// Criterion is one condition on a resource: any of its Values suffices.
//
// Its shape is one of these: a plain criterion has Values, and [Criterion.Match] answers for it; a chained one has Chain
// and a reference Param; a reverse chain has Has and no Param; `_list` has the lists in Values, and no Param; one on
// codes ([Criterion.Codes]) needs terminology, and one in a hierarchy ([Criterion.Hierarchy]) the resources above.
type Criterion struct {
	Param    *fhir.Param
	Name     string // the parameter's name, without modifier or chain
	Modifier string // without the colon; a resource type for `subject:Patient`
	Values   []Operand
	Chain    []ChainStep
	Has      *Has

	self string // name=value as understood, before percent-encoding the value
	raw  string // the value as understood, before percent-encoding
	base string // the server's own base URL, under which absolute references are local
}

// ChainStep is one alternative of a chain: the resource matches when a reference in the criterion's Param leads to a
// resource of Type that satisfies Then (which may be chained itself). A resource matches the chain when it matches any
// of the alternatives; a reference that may lead to several types has one for each type that knows the parameter.
type ChainStep struct {
	Type string
	Then *Criterion
}

// Has is a reverse chain (`_has:Observation:patient:code=…`): a resource matches when some resource of Type refers to
// it in Param and satisfies Then (which may itself hold a Has or a Chain).
type Has struct {
	Type  string
	Param *fhir.Param
	Then  *Criterion
}

// Include is one `_include` or `_revinclude`: resources of Source refer in Param to resources of Target ("" any type).
type Include struct {
	Source  string
	Param   *fhir.Param // nil for the wildcard: every reference parameter of Source
	Target  string
	Iterate bool // `:iterate`: applied to what was included too
}

// Params are the reference parameters that the inclusion goes by, in the order of their names; of the wildcard, those
// that may lead to Target.
func (i Include) Params() []*fhir.Param {
	if i.Param != nil {
		return []*fhir.Param{i.Param}
	}
	var all []*fhir.Param
	for _, p := range fhir.Params(i.Source) {
		if p.Type == "reference" && (i.Target == "" || targets(p, i.Target)) {
			all = append(all, p)
		}
	}
	return all
}

// SortKey is one key of `_sort`.
type SortKey struct {
	Name       string
	Param      *fhir.Param
	Descending bool
}

// Prefix is the comparison written before a number, date or quantity (R4 search §3.1.1.4.5).
type Prefix string

// The prefixes of R4. Equal is also what no prefix means.
const (
	Equal          Prefix = "eq"
	NotEqual       Prefix = "ne"
	Greater        Prefix = "gt"
	Less           Prefix = "lt"
	GreaterOrEqual Prefix = "ge"
	LessOrEqual    Prefix = "le"
	StartsAfter    Prefix = "sa"
	EndsBefore     Prefix = "eb"
	Approximately  Prefix = "ap"
)

// Operand is one value of a criterion, read according to the parameter's type; fields of other types are zero.
type Operand struct {
	Text    string // string, uri, token `:text`, `:in`, `:not-in`, media types `:below`: the value without escapes
	Missing bool   // `:missing`: true when the parameter must be absent

	Prefix    Prefix    // date, number, quantity
	Low, High time.Time // date: the interval [Low, High) that the written precision means
	Number    *Number   // number, quantity

	System    string // token, quantity, `:identifier`
	HasSystem bool   // a `|` was written: System must be equal, "" meaning that there is none
	Code      string // token, quantity (code or unit); "" any code of System
	OfType    string // token `:of-type`: the identifier's value

	Type    string // reference: the type, "" when only an id was written
	ID      string // reference: the logical id
	Version string // reference: the version, "" any; uri: that of the definition whose canonical URL it is, "" any
	URL     string // reference: an absolute URL or URN that is not under the server's base

	Parts []Operand // composite: one for each component

	folded string // Text folded, or Code lowered: what Match compares
}

// Number is a decimal as written in a search: Value exactly, and the interval [Low, High) that its precision means.
type Number struct {
	Value, Low, High *big.Rat
}
