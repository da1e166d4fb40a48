package plan

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ir"
)

// Options change how a plan is compiled and run.
type Options struct {
	// Vary names the member of the input that differs between the evaluations of one page; empty when nothing does.
	Vary string
	// StrictBuiltinErrors makes a builtin that fails an error of the evaluation, as rego.StrictBuiltinErrors does. Otherwise its call is
	// undefined.
	StrictBuiltinErrors bool
	// Steps bounds one evaluation: turns of loops and calls of functions. Zero is DefaultSteps.
	Steps int
	// Fit is how many evaluations of pages that are alike the whole program makes before what is left of it for them is compiled. Zero is
	// DefaultFit.
	Fit int
	// Plain leaves every statement where the plan has it: nothing is done once for a page. It is for tests.
	Plain bool
}

// DefaultSteps is what an evaluation may take: some tenths of a second.
const DefaultSteps = 4 << 20

// DefaultFit is about as many evaluations as compiling a residue costs.
const DefaultFit = 200

// level says what a value can depend on.
type level uint8

const (
	perProgram  level = iota // constants and data
	perPage                  // the input without the member that varies
	perDocument              // all of it
)

// Program is a compiled query. It is immutable and safe for concurrent use.
type Program struct {
	options Options
	start   []Value // the places as a machine begins with them
	pages   []int   // the places that hold what is known of a page
	memos   int
	regions int
	hints   int
	blocks  [][]op
	input   int // place of the input
	vary    int // place of what varies, in a residue
	slots   []slot
	runs    []op // by region
	groups  atomic.Pointer[[]uint64]
	calls   int // functions whose last call is kept
	stats   Stats
	pool    machines

	residues residues
}

// Stats says what the compiler found.
type Stats struct {
	Functions   int // functions compiled, those under a `with` counted apart
	OncePerLife int // statements whose outcome is known when the program is compiled
	OncePerPage int // statements run once for a page
	EachTime    int // statements run for each document
}

// Stats gives the numbers of a program.
func (p *Program) Stats() Stats { return p.stats }

// compiler gathers a program.
type compiler struct {
	options   Options
	policy    *ir.Policy
	funcs     map[string]*ir.Func
	ordered   []*ir.Func
	builtins  map[string]*builtin
	shaped    map[*ir.Func]*routine
	plain     map[*ir.Func]*routine
	booted    *machine // holds the row of places as machines will begin with it
	constants map[string]int
	levels    map[*ir.Func]level
	errs      map[*ir.Func]bool
	chains    map[ir.Stmt]chain
	bodies    map[*ir.Block][]item // what shaped bodies are made of
	kept      map[*ir.Func]*kept   // what functions are compiled again from; the query under nil
	hintOf    map[*ir.DotStmt]int
	slots     map[string]int // places of the members of what varies, by name
	vary      int            // place of what varies
	nothing   int            // place that is always undefined
	indexOf   map[int]int    // of slots, by place
	sealed    bool           // the row of places has all that it will have
	broken    bool           // something wanted a place after that
	refused   Unsupported
	program   *Program
}

// Compile turns one entry point of a plan into a Program over the data. The entry point is the name of one of the plan's queries.
// A policy that holds what this package does not run gives an *Unsupported that lists all of it.
func Compile(p *ir.Policy, entrypoint string, data Value, o Options) (*Program, error) {
	if o.Steps <= 0 {
		o.Steps = DefaultSteps
	}
	if o.Fit <= 0 {
		o.Fit = DefaultFit
	}
	c := &compiler{
		options: o, policy: p, funcs: map[string]*ir.Func{}, builtins: map[string]*builtin{}, shaped: map[*ir.Func]*routine{},
		plain: map[*ir.Func]*routine{}, constants: map[string]int{}, levels: map[*ir.Func]level{},
		errs: map[*ir.Func]bool{}, chains: map[ir.Stmt]chain{}, bodies: map[*ir.Block][]item{}, kept: map[*ir.Func]*kept{},
		hintOf: map[*ir.DotStmt]int{}, booted: &machine{page: 1, stamp: 1}, program: &Program{options: o},
	}
	at := slices.IndexFunc(p.Plans.Plans, func(q *ir.Plan) bool { return q.Name == entrypoint })
	if at < 0 {
		return nil, fmt.Errorf("compiling a plan: no query is named %q", entrypoint)
	}
	for _, fn := range p.Funcs.Funcs {
		own := *fn
		own.Blocks = ownLocals(fn.Blocks, append(slices.Clone(fn.Params), fn.Return))
		c.funcs[fn.Name] = &own
		c.ordered = append(c.ordered, &own)
	}
	query := &ir.Plan{Name: entrypoint, Blocks: ownLocals(p.Plans.Plans[at].Blocks, nil)}
	if _, ok := data.Get("system"); ok {
		c.refuse(nil, "data.system, which OPA keeps for itself")
	}
	c.check(query)
	if len(c.refused.Constructs) > 0 {
		return nil, &c.refused
	}
	c.query(query, data)
	if len(c.refused.Constructs) > 0 {
		return nil, &c.refused
	}
	if !o.Plain {
		c.findSlots()
		c.sealed = true
		if c.kept[nil] != nil {
			c.program.residues.c = c
		}
		c.program.residues.root.Store(&branch{})
		c.program.groups.Store(&[]uint64{whole})
	}
	c.program.start = c.booted.s
	return c.program, nil
}

func (c *compiler) refuse(at *ir.Location, format string, args ...any) {
	var files []*ir.StringConst
	if c.policy.Static != nil {
		files = c.policy.Static.Files
	}
	c.refused.add(files, at, format, args...)
}

func (c *compiler) text(i int) string {
	if c.policy.Static == nil || i < 0 || i >= len(c.policy.Static.Strings) {
		c.refuse(nil, "string number %d", i)
		return ""
	}
	return c.policy.Static.Strings[i].Value
}

// newPlace gives a place that nothing else has.
func (c *compiler) newPlace(l level) int {
	if c.sealed {
		c.broken = true
		return 0
	}
	at := len(c.booted.s)
	c.booted.s = append(c.booted.s, Value{})
	if l == perPage {
		c.program.pages = append(c.program.pages, at)
	}
	return at
}

// constant gives the place of a constant.
func (c *compiler) constant(v Value) int {
	key := string(v.AppendKey(nil))
	if at, ok := c.constants[key]; ok {
		return at
	}
	at := c.newPlace(perProgram)
	c.constants[key], c.booted.s[at] = at, v
	return at
}

// query compiles the entry point.
func (c *compiler) query(q *ir.Plan, data Value) {
	in, base := c.newPlace(perDocument), c.newPlace(perProgram)
	c.program.input = in
	c.booted.s[base] = data
	e := &emitter{c: c, place: map[ir.Local]int{ir.Input: in, ir.Data: base}}
	if !c.options.Plain {
		e.shape = c.shapeOf(q.Blocks, nil, false)
	}
	c.program.blocks = e.blocks(q.Blocks)
	if e.shape != nil {
		c.kept[nil] = &kept{place: e.place, shape: e.shape, blocks: q.Blocks}
	}
}

// routine compiles a function, once plain and once not.
func (c *compiler) routine(fn *ir.Func, plain bool) *routine {
	made := c.shaped
	if plain {
		made = c.plain
	}
	if r, ok := made[fn]; ok {
		return r
	}
	c.program.stats.Functions++
	e := &emitter{c: c, plain: plain, place: map[ir.Local]int{}}
	r := &routine{name: fn.Name, memo: -1, level: perDocument}
	made[fn] = r
	params := fn.Params
	if !plain {
		e.place[ir.Input], e.place[ir.Data] = c.program.input, c.program.input+1
		params = params[2:]
		if len(params) == 0 {
			if !c.options.Plain {
				r.level = c.functionLevel(fn)
			}
			r.memo, r.value = c.program.memos, c.newPlace(perDocument)
			c.program.memos++
		}
		if !c.options.Plain {
			e.shape = c.shapeOf(fn.Blocks, params, r.level < perDocument)
		}
	}
	for _, l := range params {
		r.params = append(r.params, e.at(l))
	}
	r.blocks = e.blocks(fn.Blocks)
	for l, at := range e.place {
		if !slices.Contains(params, l) && (plain || l > ir.Data) && (e.shape == nil || e.shape.mustBlank(l)) {
			r.blank = append(r.blank, at)
		}
	}
	slices.Sort(r.blank)
	if e.shape != nil && r.level == perDocument {
		c.kept[fn] = &kept{place: e.place, shape: e.shape, blocks: fn.Blocks, params: params, returns: fn.Return, routine: r}
	}
	return r
}

// byPath gives the functions that a dynamic call can reach.
func (c *compiler) byPath(path []ir.Operand, plain bool) map[string]*routine {
	out := map[string]*routine{}
	for _, fn := range c.reachable(path) {
		var key []byte
		for _, step := range fn.Path {
			key = appendStep(key, step)
		}
		out[string(key)] = c.routine(fn, plain)
	}
	return out
}

// reachable gives the functions without arguments whose path fits one that is partly known.
func (c *compiler) reachable(path []ir.Operand) []*ir.Func {
	var out []*ir.Func
	for _, fn := range c.ordered {
		if len(fn.Path) != len(path) || len(fn.Params) != 2 {
			continue
		}
		fits := true
		for i, o := range path {
			if s, ok := o.Value.(ir.StringIndex); ok && c.text(int(s)) != fn.Path[i] {
				fits = false
			}
		}
		if fits {
			out = append(out, fn)
		}
	}
	return out
}
