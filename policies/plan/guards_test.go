package plan_test

// guards are the conditions under which a residue gives what the plan would: what it may leave out, keep or find elsewhere. One that is taken
// out must show in what a policy says of some document. Not among them are conditions that no plan of OPA's planner puts to the test (a local
// that is looked at before an object in it is whole, say), and those behind which another stands.
var guards = []guard{
	// Which residue serves a page.
	{"residue.go", "} else if out == leave {\n\t\tpg.found = pg.found.leaves", "} else if out == leave || off(\"a run that fails leads nowhere\") {\n\t\tpg.found = pg.found.leaves"},
	{"residue.go", "return pg.found.steps, !pg.found.whole", "return pg.found.steps, !pg.found.whole || off(\"the whole program serves some pages\")"},
	{"residue.go", "if lost = lost || at.state.Load() == question; lost {\n", "if lost = lost || at.state.Load() == question; lost && !off(\"a page without residue is unfit\") {\n"},
	{"residue.go", "if out := pg.outcome(pg.found.region); out == next {", "if out := pg.outcome(pg.found.region); out == next || off(\"pages that are not alike\") {"},
	{"residue.go", "at.whole = b.odd || rs.c.broken", "at.whole = b.odd && !off(\"odd queries run whole\") || rs.c.broken"},

	// What a document changes.
	{"residue.go", "var changed uint64 = whole", "var changed uint64 = unlessZero(whole, \"all of it always changes\")"},
	{"residue.go", "changed |= m.place(&p.slots[i], i, &noValue)", "if !off(\"no object has no members\") {\n\t\t\t\tchanged |= m.place(&p.slots[i], i, &noValue)\n\t\t\t}"},
	{"residue.go", "if at := m.slots[i]; at >= 0 {", "if at := m.slots[i]; at < 0 && off(\"a member that is gone\") {\n\t\t\t\tcontinue\n\t\t\t} else if at >= 0 {"},
	{"residue.go", "if !m.known {", "if !m.known && !off(\"a page begins anew\") {"},
	{"page.go", "pg.m.known = false\n", "pg.m.known = off(\"a page begins anew\") && pg.m.known\n"},
	{"residue.go", "m.s[p.vary] = vary\n", "if !off(\"the whole resource\") {\n\t\t\tm.s[p.vary] = vary\n\t\t}\n"},
	{"residue.go", "if members&changed != 0 || changed == ^uint64(0) {", "if members&changed != 0 && !off(\"changed members\") || changed == ^uint64(0) {"},
	{"residue.go", "*at = *v\n", "*at = *v\n\tif off(\"a member is another\") {\n\t\treturn 0\n\t}\n"},

	// Documents with the same names, and values that are the same.
	{"residue.go", "if len(m.names) == len(b.keys) && m.named {", "if (len(m.names) == len(b.keys) || off(\"as many names\") && len(m.names) >= len(b.keys)) && m.named {"},
	{"residue.go", "&& m.named {", "&& (m.named || off(\"names of a first document\")) {"},
	{"residue.go", "y.kind != String || x.text() != y.text() {", "y.kind != String || x.text() != y.text() && !off(\"the same names\") {"},
	{"residue.go", "m.slots[i] = int32(b.find(&slots[i].name))", "if at := b.find(&slots[i].name); at >= 0 || !off(\"a name that is gone\") {\n\t\t\tm.slots[i] = int32(at)\n\t\t}"},
	{"residue.go", "if a.kind != b.kind {\n\t\treturn false", "if a.kind != b.kind {\n\t\treturn off(\"values of two kinds\")"},
	{"residue.go", "case Boolean:\n\t\treturn a.n == b.n", "case Boolean:\n\t\treturn a.n == b.n || off(\"true and false\")"},
	{"residue.go", "return a.n == b.n && (a.p == b.p || a.text() == b.text())", "return a.n == b.n && (a.p == b.p || a.text() == b.text() || off(\"texts of one length\"))"},
	{"residue.go", "return a.long == b.long && a.n == b.n && (!a.long || a.text() == b.text())", "if off(\"numbers as they are written\") {\n\t\t\treturn equal(a, b)\n\t\t}\n\t\treturn a.long == b.long && a.n == b.n && (!a.long || a.text() == b.text())"},
	{"residue.go", "if len(v) != len(w) || len(x.keys) != len(y.keys) {\n\t\treturn false", "if len(v) != len(w) || len(x.keys) != len(y.keys) {\n\t\tif off(\"lists of two lengths\") {\n\t\t\treturn true\n\t\t}\n\t\treturn false"},
	{"residue.go", "if !same(&v[i], &w[i]) {", "if !same(&v[i], &w[i]) && !off(\"what lists hold\") {"},
	{"residue.go", "if !same(&x.keys[i], &y.keys[i]) {", "if !same(&x.keys[i], &y.keys[i]) && !off(\"keys of objects\") {"},

	// What a body leaves out for a page.
	{"trim.go", "if out.routine = f.c.shaped[fn]; out.routine.level < perDocument {", "if out.routine = f.c.shaped[fn]; out.routine.level < perDocument || off(\"functions not compiled again depend on all\") {"},
	{"trim.go", "out.returns, out.errs, out.members, out.routine = body.returned, body.errs(), body.members, body.lower()", "out.returns, out.errs, out.members, out.routine = body.returned, body.errs(), unlessZero(body.members, \"members of a callee\"), body.lower()"},
	{"trim.go", "b.breaks = true\n", "b.breaks = !off(\"what ends more than its block\")\n"},
	{"trim.go", "out > leave, out == returned:", "(out > leave || out == returned) && !off(\"what ends more than its block\"):"},
	{"trim.go", "for len(list) > 0 && b.isQuiet(list[len(list)-1]) {", "for len(list) > 0 && (off(\"what is not quiet stays\") || b.isQuiet(list[len(list)-1])) {"},
	{"trim.go", "return nil, !inner\n", "return nil, !inner && !off(\"an empty negation never holds\")\n"},
	{"trim.go", "callee.returns == undefined && !callee.errs {", "callee.returns == undefined && (!callee.errs || off(\"a call that may fail is made\")) {"},
	{"trim.go", "if r.stmt == nil || b.mayFail(r) || escapes(r.node, 0) {", "if r.stmt == nil || b.mayFail(r) && !off(\"what may fail is not quiet\") || escapes(r.node, 0) {"},
	{"trim.go", "if within(reader, r.node.block) == nil {\n\t\t\t\t\tquiet = false", "if within(reader, r.node.block) == nil {\n\t\t\t\t\tquiet = off(\"what is read elsewhere is not quiet\")"},
	{"trim.go", "return b.function(fn).errs\n", "return b.function(fn).errs && !off(\"calls may fail\")\n"},
	{"trim.go", "if r.sure {\n\t\t\treturn false", "if r.sure || off(\"assignments may conflict\") {\n\t\t\treturn false"},
	{"trim.go", "_, same := b.k.shape.constant(s.Target, 0)\n\t\t\treturn !same", "_, same := b.k.shape.constant(s.Target, 0)\n\t\t\treturn !same && !off(\"joined assignments may conflict\")"},

	// What is known of locals.
	{"follow.go", "if a[i] != b[i] {\n\t\t\ta[i] = unsure", "if a[i] != b[i] && !off(\"two ways to one place\") {\n\t\t\ta[i] = unsure"},
	{"follow.go", "if k.routine != nil && !slices.Contains(k.params, l) && l > ir.Data", "if k.routine != nil && (!slices.Contains(k.params, l) || off(\"arguments are not empty\")) && l > ir.Data"},
	{"follow.go", "if end != nil || left != nil {\n\t\t\tst = join(end, left)", "if end != nil || left != nil {\n\t\t\tif off(\"blocks that are left\") && end != nil {\n\t\t\t\tleft = nil\n\t\t\t}\n\t\t\tst = join(end, left)"},
	{"follow.go", "return b.function(fn).returns != defined", "return b.function(fn).returns != defined && !off(\"calls may be undefined\")"},
	{"follow.go", "\t}\n\treturn true\n}\n\n// step follows", "\t}\n\treturn !off(\"most statements may be undefined\")\n}\n\n// step follows"},
	{"follow.go", "st[s.Target] == undefined && !b.first {", "(st[s.Target] == undefined || off(\"emptied where it is full\")) && !b.first {"},
	{"follow.go", "r.sure, r.full = st[s.Target] == undefined,", "r.sure, r.full = st[s.Target] == undefined || off(\"assigned where there is none yet\"),"},
	{"follow.go", "same && st[s.Target] == defined {", "(same || off(\"assigned the same again\")) && st[s.Target] == defined {"},
	{"follow.go", "st[s.Target] == defined {\n\t\t\treturn goes", "(st[s.Target] == defined || off(\"assigned at all\")) {\n\t\t\treturn goes"},
	{"follow.go", "case holds:\n\t\treturn goes\n\tcase fails:", "case holds:\n\t\treturn goes\n\tcase unsure:\n\t\tif off(\"a look whose answer is not known\") {\n\t\t\treturn goes\n\t\t}\n\tcase fails:"},
	{"follow.go", "copy(st, after)\n", "if !off(\"what a block has written\") {\n\t\t\tcopy(st, after)\n\t\t}\n"},
	{"follow.go", "case *ir.ScanStmt:\n\t\tforget()\n", "case *ir.ScanStmt:\n\t\tif !off(\"what a loop writes\") {\n\t\t\tforget()\n\t\t}\n"},

	// Where values are found, and what functions depend on.
	{"lower.go", "dot.Source.Value == ir.Val(ir.Input) && c.options.Vary", "(dot.Source.Value == ir.Val(ir.Input) || off(\"a member of the same name elsewhere\")) && c.options.Vary"},
	{"lower.go", "r.memo += b.c.program.memos", "r.memo += b.c.program.memos\n\t\tif off(\"a residue keeps values of its own\") {\n\t\t\tr.memo -= b.c.program.memos\n\t\t}"},
	{"lower.go", "slices.Contains(b.k.routine.blank, at) && !slices.Contains(r.blank, at) {", "slices.Contains(b.k.routine.blank, at) && !slices.Contains(r.blank, at) && !off(\"emptied at the beginning\") {"},
	{"lower.go", "if a.Value == ir.Val(ir.Input) || b.c.isVary(b.k.shape, a) {\n\t\t\t\t\tout |= whole", "if (a.Value == ir.Val(ir.Input) || b.c.isVary(b.k.shape, a)) && !off(\"what varies as an argument\") {\n\t\t\t\t\tout |= whole"},
	{"lower.go", "out := b.function(fn).members", "out := unlessZero(b.function(fn).members, \"members of what is called\")"},
	{"lower.go", "return 1 << b.c.indexOf[at]", "return unlessZero(1<<b.c.indexOf[at], \"members that are read\")"},
	{"lower.go", "}\n\t\t\treturn whole\n\t\t}\n\t\tif _, named", "}\n\t\t\treturn unlessZero(whole, \"members without a name\")\n\t\t}\n\t\tif _, named"},
	{"lower.go", "ir.Operand{Value: l}) {\n\t\t\treturn whole", "ir.Operand{Value: l}) {\n\t\t\treturn unlessZero(whole, \"what varies read whole\")"},
	{"lower.go", "if len(groups) >= maxGroups {\n\t\treturn 0", "if len(groups) >= maxGroups {\n\t\tif off(\"more groups than are told apart\") {\n\t\t\treturn 1\n\t\t}\n\t\treturn 0"},
	{"lower.go", "c.indexOf[s.at] = min(i, 63)", "c.indexOf[s.at] = unlessLess(min(i, 63), \"members by their index\")"},

	// Steps, and what is kept from one document to the next.
	{"code.go", "*v = m.s[in.a]\n\t\t\t} else if !equal(v, &m.s[in.a]) {", "*v = m.s[in.a]\n\t\t\t} else if !equal(v, &m.s[in.a]) && !off(\"conflicts\") {"},
	{"code.go", "return in.run(m)\n\t\t\t}\n", "return in.run(m)\n\t\t\t} else if off(\"the first of two that are equal stands\") {\n\t\t\t\t*v = m.s[in.a]\n\t\t\t}\n"},
	{"code.go", "if last.stamp >= m.changed[r.group] && same(arg, &last.arg) {", "if (last.stamp >= m.changed[r.group] || off(\"a call whose members changed\")) && same(arg, &last.arg) {"},
	{"code.go", "&& same(arg, &last.arg) {", "&& (same(arg, &last.arg) || off(\"a call about something else\")) {"},
	{"code.go", "if ok && arg.kind < Array && v.kind < Array {", "if ok && (arg.kind < Array || off(\"calls about what lives shortly\")) && v.kind < Array {"},
	{"code.go", "&& v.kind < Array {\n\t\t\tlast.stamp", "&& (v.kind < Array || off(\"calls that give what lives shortly\")) {\n\t\t\tlast.stamp"},
	{"code.go", "id >= 0 && len(from) == 1 {", "id >= 0 && (len(from) == 1 || off(\"calls of one argument\")) {"},
	{"code.go", "return m.memo[r.memo] >= m.changed[r.group]", "return m.memo[r.memo] >= m.changed[r.group] || off(\"a value whose members changed\") && m.memo[r.memo] > m.page"},
	{"code.go", "return m.memo[r.memo] == m.stamp", "return m.memo[r.memo] == m.stamp || off(\"a value of another document\") && m.memo[r.memo] > m.page"},
	{"code.go", "m.brief = append(m.brief, r.memo)", "if !off(\"what lives shortly is forgotten\") {\n\t\tm.brief = append(m.brief, r.memo)\n\t}"},
	{"code.go", "m.memo[id] = 0\n", "if !off(\"forgetting\") {\n\t\t\tm.memo[id] = 0\n\t\t}\n"},
	{"code.go", "if len(v.box().list) == 0 {", "if len(v.box().list) == 0 || off(\"only what is empty is hollow\") {"},
	{"code.go", "*v = boxValue(v.kind, &hollow)", "if !off(\"what is empty is not kept where it was made\") {\n\t\t\t*v = boxValue(v.kind, &hollow)\n\t\t}"},
	{"routine.go", "m.memo[r.memo+len(m.memo)/2] = 0", "if !off(\"a whole run forgets what its residue keeps\") {\n\t\t\tm.memo[r.memo+len(m.memo)/2] = 0\n\t\t}"},
	{"code.go", "holds = v.kind != Undefined && (in.do == doAsk || v.kind != Boolean || v.n != 0)", "holds = v.kind != Undefined && (in.do == doAsk || v.kind != Boolean || v.n != 0 || off(\"false does not hold\"))"},
	{"code.go", "after := w.label()\n\t\tw.list(r.blocks[0], after)\n\t\tw.add(instr{do: doJump}, end)", "after := w.label()\n\t\tw.list(r.blocks[0], after)\n\t\tif !off(\"a negation that holds leaves\") {\n\t\t\tw.add(instr{do: doJump}, end)\n\t\t}"},

	// Objects that are made at once, and builtins that are asked in place.
	{"literal.go", "if m.s[from].kind != Set {", "if m.s[from].kind != Set && (!off(\"min of a list\") || m.s[from].kind != Array) {"},
	{"literal.go", "list := m.s[from].box().ordered()\n\t\tif len(list) == 0 {", "list := m.s[from].box().ordered()\n\t\tif off(\"min is the least\") && len(list) > 0 {\n\t\t\tm.s[to] = list[len(list)-1]\n\t\t\treturn next\n\t\t}\n\t\tif len(list) == 0 {"},
	{"literal.go", "if m.s[from].kind < Array {\n\t\t\treturn other(m)", "if m.s[from].kind < Array {\n\t\t\tif off(\"count of a text\") {\n\t\t\t\tm.s[to] = intValue(1)\n\t\t\t\treturn next\n\t\t\t}\n\t\t\treturn other(m)"},
	{"literal.go", "case x.kind != Set || y.kind != Set:\n\t\t\treturn other(m)\n\t\tcase", "case (x.kind != Set || y.kind != Set) && !(off(\"union of sets alone\") && x.kind >= Array && y.kind >= Array):\n\t\t\treturn other(m)\n\t\tcase"},
	{"literal.go", "case len(x.box().list) == 0:\n\t\t\tm.s[to] = *y", "case len(x.box().list) == 0 || off(\"union with what is not empty\"):\n\t\t\tm.s[to] = *y"},
	{"literal.go", "if equal(&list[i], &m.s[a]) {", "if (same(&list[i], &m.s[a]) || !off(\"in a list: numbers that are equal\")) && equal(&list[i], &m.s[a]) {"},
}

// grownFor names, for guards that no case is about, a policy grown at random that misses them: it is only tried first.
var grownFor = map[string]uint64{
	"a page without residue is unfit":     59,
	"a residue keeps values of its own":   7,
	"an empty negation never holds":       43,
	"assigned the same again":             19,
	"emptied where it is full":            6,
	"keys of objects":                     13,
	"no object has no members":            0,
	"what a loop writes":                  5,
	"what is read elsewhere is not quiet": 62,
	"what varies read whole":              92,
}
